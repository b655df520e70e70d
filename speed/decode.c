/* JSON of a known shape straight into the public classes, numbers made when they are read.
 *
 * `decode` takes what msgspec would take for these classes, and only in its plain form: no escapes, no letters outside ASCII, no
 * member twice, numbers as texts of plain digits, integers of at most 18 digits. For all else it gives None, and msgspec decides:
 * it may be slow there, but never different. Where a class holds a number or a list of levels, the object keeps a `Span` of the
 * payload, checked already, and the descriptor `Lazy` makes the value at the first read and keeps it.
 */
#include "speed.h"

#include <structmember.h>

/* coinex_proto/_quick.py has the same list. OWN: set by the SDK, so that a message that has it is not of the plain form. */
enum kind { OWN, TEXT, INTEGER, BOOLEAN, NUMBER, LEVELS, MODEL, MODELS };

#define MAX_FIELDS 32
#define MAX_NUMBER 100

static PyObject *decimal_type;

/* A value that is still text ----------------------------------------------------------------------------------------- */

typedef struct {
    PyObject_HEAD
    PyObject *payload; /* bytes */
    Py_ssize_t start, size;
    Py_ssize_t count; /* of levels */
    enum kind kind; /* NUMBER or LEVELS */
} Span;

static void
span_free(Span *self)
{
    Py_DECREF(self->payload);
    PyObject_Free(self);
}

static PyObject *span_value(const Span *span);

static PyObject *
span_get_value(PyObject *self, void *nothing)
{
    (void)nothing;
    return span_value((Span *)self);
}

/* A copy or a pickle is what it stands for. */
static PyObject *
span_reduce(PyObject *self, PyObject *nothing)
{
    (void)nothing;
    PyObject *value = span_value((Span *)self);
    if (value == NULL) {
        return NULL;
    }
    if (((Span *)self)->kind == NUMBER) {
        PyObject *text = PyObject_Str(value);
        Py_DECREF(value);
        return text == NULL ? NULL : Py_BuildValue("O(N)", decimal_type, text);
    }
    return Py_BuildValue("O(N)", &PyTuple_Type, value);
}

static PyMethodDef span_methods[] = {
    {"__reduce__", span_reduce, METH_NOARGS, "What it stands for."},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef span_attributes[] = {
    {"value", span_get_value, NULL, "What it stands for.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static Py_ssize_t
span_length(PyObject *self)
{
    return ((Span *)self)->count;
}

static PySequenceMethods span_sequence = {.sq_length = span_length};

static PyTypeObject Span_Type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "coinex_proto._speed.Span",
    .tp_doc = "A value of a payload that nobody has read yet.",
    .tp_basicsize = sizeof(Span),
    .tp_dealloc = (destructor)span_free,
    .tp_getset = span_attributes,
    .tp_methods = span_methods,
    .tp_as_sequence = &span_sequence,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
};

static PyObject *
ascii(const char *from, Py_ssize_t size)
{
    PyObject *text = PyUnicode_New(size, 127);
    if (text != NULL && size > 0) {
        memcpy(PyUnicode_1BYTE_DATA(text), from, (size_t)size);
    }
    return text;
}

/* Parsing. All of these: 1 taken, 0 not of the plain form, -1 with an exception. A payload ends with a zero byte, which no rule
 * takes, so that one byte may always be looked at. ------------------------------------------------------------------- */

typedef struct {
    PyObject *payload;
    const char *at;
} Reader;

static inline void
skip_blanks(Reader *reader)
{
    while (*reader->at == ' ' || *reader->at == '\n' || *reader->at == '\r' || *reader->at == '\t') {
        reader->at++;
    }
}

static inline int
take(Reader *reader, char wanted)
{
    skip_blanks(reader);
    if (*reader->at != wanted) {
        return 0;
    }
    reader->at++;
    return 1;
}

static int
take_word(Reader *reader, const char *word)
{
    const size_t size = strlen(word);
    if (strncmp(reader->at, word, size) != 0) {
        return 0;
    }
    reader->at += size;
    return 1;
}

/* What a string may hold here: printable ASCII but for the quote and the backslash. One look a character, not four. */
static const char is_simple[256] = {
    [' '] = 1, ['!'] = 1, ['#' ... '['] = 1, [']' ... '~'] = 1,
};

/* A string without escapes; `from` and `size` are what is between the quotes. */
static inline int
take_string(Reader *reader, const char **from, Py_ssize_t *size)
{
    if (!take(reader, '"')) {
        return 0;
    }
    const char *at = reader->at;
    while (is_simple[(unsigned char)*at]) {
        at++;
    }
    if (*at != '"') {
        return 0;
    }
    *from = reader->at;
    *size = at - reader->at;
    reader->at = at + 1;
    return 1;
}

static inline const char *
digits(const char *at)
{
    while (*at >= '0' && *at <= '9') {
        at++;
    }
    return at;
}

/* Digits, and a fraction perhaps: finite by its form. */
static int
is_plain(const char *from, Py_ssize_t size)
{
    const char *end = from + size, *whole = from + (*from == '-'), *at = digits(whole);
    if (size > MAX_NUMBER || at == whole) {
        return 0;
    }
    if (*at == '.') {
        const char *fraction = at + 1;
        at = digits(fraction);
        if (at == fraction) {
            return 0;
        }
    }
    return at == end;
}

static int
take_integer(Reader *reader, PyObject **value)
{
    skip_blanks(reader);
    const char *whole = reader->at + (*reader->at == '-'), *end = digits(whole);
    const Py_ssize_t size = end - whole;
    if (size < 1 || size > 18 || (*whole == '0' && size > 1) || *end == '.' || *end == 'e' || *end == 'E') {
        return 0;
    }
    long long number = 0;
    for (const char *at = whole; at < end; at++) {
        number = number * 10 + (*at - '0');
    }
    if (*reader->at == '-') {
        if (number == 0) {
            return 0;
        }
        number = -number;
    }
    reader->at = end;
    *value = PyLong_FromLongLong(number);
    return *value == NULL ? -1 : 1;
}

/* A list of pairs of texts, counted; with `pairs`, what it holds is appended. */
static int
take_levels(Reader *reader, PyObject *pairs, Py_ssize_t *count)
{
    *count = 0;
    if (!take(reader, '[')) {
        return 0;
    }
    if (take(reader, ']')) {
        return 1;
    }
    do {
        const char *price, *size;
        Py_ssize_t price_size, size_size;
        if (!take(reader, '[') || !take_string(reader, &price, &price_size) || !take(reader, ',') ||
            !take_string(reader, &size, &size_size) || !take(reader, ']')) {
            return 0;
        }
        ++*count;
        if (pairs != NULL) {
            PyObject *one = ascii(price, price_size), *other = one == NULL ? NULL : ascii(size, size_size);
            PyObject *pair = other == NULL ? NULL : PyTuple_Pack(2, one, other);
            Py_XDECREF(one);
            Py_XDECREF(other);
            const int failed = pair == NULL || PyList_Append(pairs, pair) < 0;
            Py_XDECREF(pair);
            if (failed) {
                return -1;
            }
        }
    } while (take(reader, ','));
    return take(reader, ']');
}

static int
take_span(Reader *reader, enum kind kind, PyObject **value)
{
    const char *from;
    Py_ssize_t size, count = 0;
    skip_blanks(reader);
    if (kind == NUMBER) {
        if (!take_string(reader, &from, &size) || !is_plain(from, size)) {
            return 0;
        }
    }
    else {
        from = reader->at;
        if (!take_levels(reader, NULL, &count)) {
            return 0;
        }
        size = reader->at - from;
    }
    Span *span = PyObject_New(Span, &Span_Type);
    if (span == NULL) {
        return -1;
    }
    span->payload = Py_NewRef(reader->payload);
    span->start = from - PyBytes_AS_STRING(reader->payload);
    span->size = size;
    span->count = count;
    span->kind = kind;
    *value = (PyObject *)span;
    return 1;
}

/* What the span stands for. */
static PyObject *
span_value(const Span *span)
{
    Reader reader = {span->payload, PyBytes_AS_STRING(span->payload) + span->start};
    if (span->kind == NUMBER) {
        PyObject *text = ascii(reader.at, span->size);
        PyObject *number = text == NULL ? NULL : PyObject_CallOneArg(decimal_type, text);
        Py_XDECREF(text);
        return number;
    }
    Py_ssize_t count;
    PyObject *pairs = PyList_New(0);
    PyObject *levels = pairs == NULL || take_levels(&reader, pairs, &count) < 0 ? NULL : PyList_AsTuple(pairs);
    Py_XDECREF(pairs);
    return levels;
}

const char *
unread_levels(PyObject *value, Py_ssize_t *count)
{
    const Span *span = (const Span *)value;
    if (!Py_IS_TYPE(value, &Span_Type) || span->kind != LEVELS) {
        return NULL;
    }
    *count = span->count;
    return PyBytes_AS_STRING(span->payload) + span->start;
}

/* Lazy(member): stands in a class for the descriptor of a slot, and makes of a span what it stands for ----------------- */

typedef struct {
    PyObject_HEAD
    PyObject *member; /* the slot's own descriptor; it belongs to the class for good, as this does */
} Lazy;

Py_ssize_t
offset_of(PyObject *member)
{
    return ((PyMemberDescrObject *)member)->d_member->offset;
}

int
is_slot(PyObject *member)
{
    return Py_IS_TYPE(member, &PyMemberDescr_Type) && ((PyMemberDescrObject *)member)->d_member->type == T_OBJECT_EX;
}

static PyObject *
lazy_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    PyObject *member;
    if (keywords != NULL || !PyArg_ParseTuple(args, "O:Lazy", &member) || !is_slot(member)) {
        if (!PyErr_Occurred()) {
            PyErr_SetString(PyExc_TypeError, "Lazy() takes the descriptor of a slot");
        }
        return NULL;
    }
    Lazy *self = (Lazy *)type->tp_alloc(type, 0);
    if (self != NULL) {
        self->member = Py_NewRef(member);
    }
    return (PyObject *)self;
}

static int
lazy_traverse(Lazy *self, visitproc visit, void *arg)
{
    Py_VISIT(self->member);
    return 0;
}

static int
lazy_clear(Lazy *self)
{
    Py_CLEAR(self->member);
    return 0;
}

static void
lazy_free(Lazy *self)
{
    PyObject_GC_UnTrack(self);
    Py_XDECREF(self->member);
    Py_TYPE(self)->tp_free(self);
}

static PyObject *
lazy_get(Lazy *self, PyObject *object, PyObject *owner)
{
    if (object == NULL) {
        return Py_NewRef((PyObject *)self);
    }
    if (PyObject_TypeCheck(object, PyDescr_TYPE(self->member))) {
        PyObject **slot = (PyObject **)((char *)object + offset_of(self->member));
        if (*slot != NULL && Py_IS_TYPE(*slot, &Span_Type)) {
            PyObject *span = Py_NewRef(*slot), *value = span_value((Span *)span);
            Py_DECREF(span);
            if (value == NULL) {
                return NULL;
            }
            /* Making it may have run Python code that has set the slot: XSETREF drops whatever is there. */
            Py_XSETREF(*slot, Py_NewRef(value));
            return value;
        }
    }
    return Py_TYPE(self->member)->tp_descr_get(self->member, object, owner);
}

static int
lazy_set(Lazy *self, PyObject *object, PyObject *value)
{
    return Py_TYPE(self->member)->tp_descr_set(self->member, object, value);
}

static PyObject *
lazy_attribute(Lazy *self, PyObject *name)
{
    PyObject *found = PyObject_GenericGetAttr((PyObject *)self, name);
    if (found != NULL || !PyErr_ExceptionMatches(PyExc_AttributeError)) {
        return found;
    }
    PyErr_Clear();
    return PyObject_GetAttr(self->member, name); /* __name__, __objclass__, __doc__ */
}

static PyMemberDef lazy_members[] = {
    {"member", T_OBJECT_EX, offsetof(Lazy, member), READONLY, "The slot's own descriptor."},
    {NULL, 0, 0, 0, NULL},
};

static PyTypeObject Lazy_Type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "coinex_proto._speed.Lazy",
    .tp_basicsize = sizeof(Lazy),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_new = lazy_new,
    .tp_dealloc = (destructor)lazy_free,
    .tp_traverse = (traverseproc)lazy_traverse,
    .tp_clear = (inquiry)lazy_clear,
    .tp_members = lazy_members,
    .tp_getattro = (getattrofunc)lazy_attribute,
    .tp_descr_get = (descrgetfunc)lazy_get,
    .tp_descr_set = (descrsetfunc)lazy_set,
};

/* Model(class, fields): a class with slots, and how its members are read ------------------------------------------------ */

typedef struct Model Model;

typedef struct {
    PyObject *name; /* ASCII str */
    PyObject *missing; /* what an absent member is; NULL: it must be there */
    Model *model; /* of MODEL and MODELS */
    Py_ssize_t offset;
    enum kind kind;
    int may_be_null;
} Field;

struct Model {
    PyObject_HEAD
    PyTypeObject *type;
    int count;
    Field fields[MAX_FIELDS];
};

static PyTypeObject Model_Type;

static void
model_free(Model *self)
{
    for (int i = 0; i < self->count; i++) {
        Py_XDECREF(self->fields[i].name);
        Py_XDECREF(self->fields[i].missing);
        Py_XDECREF(self->fields[i].model);
    }
    Py_XDECREF(self->type);
    Py_TYPE(self)->tp_free(self);
}

/* Each field: (name, kind, may be null, missing or ..., member descriptor, Model or None). */
static PyObject *
model_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    PyTypeObject *made;
    PyObject *fields;
    if (keywords != NULL || !PyArg_ParseTuple(args, "O!O!:Model", &PyType_Type, &made, &PyTuple_Type, &fields)) {
        return NULL;
    }
    const Py_ssize_t count = PyTuple_GET_SIZE(fields);
    if (count > MAX_FIELDS || made->tp_itemsize != 0) {
        return PyErr_Format(PyExc_TypeError, "Model() takes up to %d fields of a class with slots", MAX_FIELDS);
    }
    Model *self = (Model *)type->tp_alloc(type, 0);
    if (self == NULL) {
        return NULL;
    }
    self->type = (PyTypeObject *)Py_NewRef((PyObject *)made);
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *name, *missing, *member, *model;
        int kind, may_be_null;
        if (!PyArg_ParseTuple(PyTuple_GET_ITEM(fields, i), "UipOOO:field", &name, &kind, &may_be_null, &missing, &member,
                              &model)) {
            Py_DECREF(self);
            return NULL;
        }
        if (kind < OWN || kind > MODELS || !PyUnicode_IS_ASCII(name) || !is_slot(member) ||
            !PyType_IsSubtype(made, PyDescr_TYPE(member)) ||
            (kind >= MODEL && !PyObject_TypeCheck(model, &Model_Type))) {
            PyErr_Format(PyExc_TypeError, "Model(): field %R cannot be read", name);
            Py_DECREF(self);
            return NULL;
        }
        Field *field = &self->fields[self->count++];
        field->name = Py_NewRef(name);
        field->missing = missing == Py_Ellipsis ? NULL : Py_NewRef(missing);
        field->model = kind >= MODEL ? (Model *)Py_NewRef(model) : NULL;
        field->offset = offset_of(member);
        field->kind = (enum kind)kind;
        field->may_be_null = may_be_null;
    }
    return (PyObject *)self;
}

static PyTypeObject Model_Type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "coinex_proto._speed.Model",
    .tp_basicsize = sizeof(Model),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_new = model_new,
    .tp_dealloc = (destructor)model_free,
};

static int take_models(Reader *reader, const Model *model, PyObject **value);

static int
take_model(Reader *reader, const Model *model, PyObject **value);

static int
take_value(Reader *reader, const Field *field, PyObject **value)
{
    const char *from;
    Py_ssize_t size;
    skip_blanks(reader);
    if (*reader->at == 'n') {
        *value = Py_None;
        if (!field->may_be_null || !take_word(reader, "null")) {
            return 0;
        }
        Py_INCREF(Py_None);
        return 1;
    }
    switch (field->kind) {
        case OWN:
            return 0;
        case TEXT:
            if (!take_string(reader, &from, &size)) {
                return 0;
            }
            *value = ascii(from, size);
            return *value == NULL ? -1 : 1;
        case INTEGER:
            return take_integer(reader, value);
        case BOOLEAN:
            *value = *reader->at == 't' ? Py_True : Py_False;
            if (!take_word(reader, *reader->at == 't' ? "true" : "false")) {
                return 0;
            }
            Py_INCREF(*value);
            return 1;
        case NUMBER:
        case LEVELS:
            return take_span(reader, field->kind, value);
        case MODEL:
            return take_model(reader, field->model, value);
        case MODELS:
            return take_models(reader, field->model, value);
    }
    return 0;
}

static inline int
is_name(PyObject *name, const char *from, Py_ssize_t size)
{
    return PyUnicode_Check(name) && PyUnicode_IS_COMPACT_ASCII(name) && PyUnicode_GET_LENGTH(name) == size &&
           memcmp(PyUnicode_1BYTE_DATA(name), from, (size_t)size) == 0;
}

/* The field of this name; the venue mostly keeps to one order, so that `guess` is looked at first. */
static const Field *
field_named(const Model *model, const char *name, Py_ssize_t size, int guess)
{
    for (int i = 0; i < model->count; i++) {
        const Field *field = &model->fields[(guess + i) % model->count];
        if (is_name(field->name, name, size)) {
            return field;
        }
    }
    return NULL;
}

/* A member that the class does not have is stepped over when it is a plain text, integer, true, false or null. */
static int
skip_value(Reader *reader)
{
    const char *from;
    Py_ssize_t size;
    PyObject *number;
    skip_blanks(reader);
    switch (*reader->at) {
        case '"':
            return take_string(reader, &from, &size);
        case 't':
            return take_word(reader, "true");
        case 'f':
            return take_word(reader, "false");
        case 'n':
            return take_word(reader, "null");
    }
    const int taken = take_integer(reader, &number);
    if (taken > 0) {
        Py_DECREF(number);
    }
    return taken;
}

static int
fill(Reader *reader, const Model *model, PyObject *object)
{
    int guess = 0;
    if (!take(reader, '{')) {
        return 0;
    }
    do {
        const char *name;
        Py_ssize_t size;
        if (!take_string(reader, &name, &size) || !take(reader, ':')) {
            return 0;
        }
        const Field *field = field_named(model, name, size, guess);
        if (field == NULL) {
            const int skipped = skip_value(reader);
            if (skipped <= 0) {
                return skipped;
            }
            continue;
        }
        guess = (int)(field - model->fields) + 1;
        PyObject **slot = (PyObject **)((char *)object + field->offset);
        if (*slot != NULL) {
            return 0; /* a member twice */
        }
        const int taken = take_value(reader, field, slot);
        if (taken <= 0) {
            *slot = NULL;
            return taken;
        }
    } while (take(reader, ','));
    if (!take(reader, '}')) {
        return 0;
    }
    for (int i = 0; i < model->count; i++) {
        PyObject **slot = (PyObject **)((char *)object + model->fields[i].offset);
        if (*slot == NULL) {
            if (model->fields[i].missing == NULL) {
                return 0;
            }
            *slot = Py_NewRef(model->fields[i].missing);
        }
    }
    return 1;
}

static int
take_model(Reader *reader, const Model *model, PyObject **value)
{
    PyObject *object = model->type->tp_alloc(model->type, 0);
    if (object == NULL) {
        return -1;
    }
    const int taken = fill(reader, model, object);
    if (taken <= 0) {
        Py_DECREF(object);
        return taken;
    }
    *value = object;
    return 1;
}

static int
take_models(Reader *reader, const Model *model, PyObject **value)
{
    if (!take(reader, '[')) {
        return 0;
    }
    PyObject *list = PyList_New(0);
    if (list == NULL) {
        return -1;
    }
    int taken = take(reader, ']');
    if (!taken) {
        do {
            PyObject *entry;
            taken = take_model(reader, model, &entry);
            if (taken > 0) {
                taken = PyList_Append(list, entry) < 0 ? -1 : 1;
                Py_DECREF(entry);
            }
        } while (taken > 0 && take(reader, ','));
        if (taken > 0) {
            taken = take(reader, ']');
        }
    }
    if (taken > 0) {
        *value = PyList_AsTuple(list);
        taken = *value == NULL ? -1 : 1;
    }
    Py_DECREF(list);
    return taken;
}

/* `data` of a push: one update, or an object whose only member lists them; `updates` becomes a tuple. */
static int
take_updates(Reader *reader, PyObject *split, const Model *model, PyObject **updates)
{
    if (split == Py_None) {
        PyObject *update;
        const int taken = take_model(reader, model, &update);
        if (taken <= 0) {
            return taken;
        }
        *updates = PyTuple_Pack(1, update);
        Py_DECREF(update);
        return *updates == NULL ? -1 : 1;
    }
    const char *name;
    Py_ssize_t size;
    if (!take(reader, '{') || !take_string(reader, &name, &size) || !take(reader, ':') ||
        !is_name(split, name, size)) {
        return 0;
    }
    const int taken = take_models(reader, model, updates);
    if (taken > 0 && !take(reader, '}')) {
        Py_CLEAR(*updates);
        return 0;
    }
    return taken;
}

static int
take_name(Reader *reader, const char *wanted)
{
    const char *name;
    Py_ssize_t size;
    return take_string(reader, &name, &size) && size == (Py_ssize_t)strlen(wanted) &&
           memcmp(name, wanted, (size_t)size) == 0 && take(reader, ':');
}

/* What follows `data` in the envelope; nothing there may be called as what was read. */
static int
take_rest(Reader *reader)
{
    while (take(reader, ',')) {
        const char *name;
        Py_ssize_t size;
        if (!take_string(reader, &name, &size) || !take(reader, ':') ||
            (size == 4 && memcmp(name, "data", 4) == 0) || (size == 6 && memcmp(name, "method", 6) == 0)) {
            return 0;
        }
        const int skipped = skip_value(reader);
        if (skipped <= 0) {
            return skipped;
        }
    }
    return take(reader, '}');
}

/* The updates of a push; None: it is not of the plain form. `pushes`: {method: (member that lists them or None, Model)}. */
PyObject *
decoded(PyObject *pushes, PyObject *payload)
{
    Reader reader = {payload, PyBytes_AS_STRING(payload)};
    const char *method;
    Py_ssize_t size;
    if (!take(&reader, '{') || !take_name(&reader, "method") || !take_string(&reader, &method, &size) ||
        !take(&reader, ',') || !take_name(&reader, "data")) {
        Py_RETURN_NONE;
    }
    PyObject *name, *push, *updates;
    Py_ssize_t place = 0;
    do {
        if (!PyDict_Next(pushes, &place, &name, &push)) {
            Py_RETURN_NONE;
        }
    } while (!is_name(name, method, size));
    if (!PyTuple_Check(push) || PyTuple_GET_SIZE(push) != 2 || !Py_IS_TYPE(PyTuple_GET_ITEM(push, 1), &Model_Type) ||
        !(PyTuple_GET_ITEM(push, 0) == Py_None || PyUnicode_Check(PyTuple_GET_ITEM(push, 0)))) {
        PyErr_SetString(PyExc_TypeError, "decode(): a push is (name of a list or None, Model)");
        return NULL;
    }
    PyObject *split = PyTuple_GET_ITEM(push, 0), *model = PyTuple_GET_ITEM(push, 1);
    Py_INCREF(push);
    int taken = take_updates(&reader, split, (Model *)model, &updates);
    Py_DECREF(push);
    if (taken > 0) {
        taken = take_rest(&reader);
        skip_blanks(&reader);
        if (taken > 0 && reader.at == PyBytes_AS_STRING(payload) + PyBytes_GET_SIZE(payload)) {
            return updates;
        }
        Py_DECREF(updates);
    }
    if (taken < 0) {
        return NULL;
    }
    Py_RETURN_NONE;
}

/* decode(pushes, payload) */
static PyObject *
decode(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    (void)module;
    if (count != 2 || !PyDict_CheckExact(args[0]) || !PyBytes_Check(args[1])) {
        PyErr_SetString(PyExc_TypeError, "decode() takes a dict and bytes");
        return NULL;
    }
    return decoded(args[0], args[1]);
}

static PyMethodDef functions[] = {
    {"decode", (PyCFunction)(void (*)(void))decode, METH_FASTCALL, "The updates of a push in its plain form, or None."},
    {NULL, NULL, 0, NULL},
};

int
add_decode(PyObject *module)
{
    if (decimal_type == NULL) {
        PyObject *decimal = PyImport_ImportModule("decimal");
        decimal_type = decimal == NULL ? NULL : PyObject_GetAttrString(decimal, "Decimal");
        Py_XDECREF(decimal);
        if (decimal_type == NULL) {
            return -1;
        }
    }
    if (PyType_Ready(&Span_Type) < 0 || PyModule_AddType(module, &Lazy_Type) < 0 ||
        PyModule_AddType(module, &Model_Type) < 0) {
        return -1;
    }
    return PyModule_AddFunctions(module, functions);
}
