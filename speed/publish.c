/* A relay's usual updates to its messages for NATS. Twin of coinex_relay/chains.py, `take_updates`. */
#include "speed.h"

/* More than a number of 64 bits has. */
#define MOST_DIGITS 20

typedef struct {
    const char *at;
    Py_ssize_t size;
} Part;

#define LITERAL(text) ((Part){text, sizeof(text) - 1})

/* The arguments that stay the same, and what all updates of a read have in common. */
typedef struct {
    PyObject *subjects, *found, *make;
    Part relay;
    Py_ssize_t told_apart;
    double received_at;
    char *received; /* the same as text; NULL: not made yet */
} Taker;

/* The attributes of an update, and the methods of a hash. */
static PyObject *a_topic_key, *a_has_trade_ids, *a_venue_time, *a_is_full, *a_copy, *a_update, *a_hexdigest;

/* The slots of a subject. */
enum { DATA, IS_BOOK, BEGINS, HASH, RECENT, LAST, SLOTS };
static PyTypeObject *subject_type;
static Py_ssize_t offsets[SLOTS];

/* subjects(class, slots): says once what a subject is, and the descriptors of its slots, in the order above. */
static PyObject *
subjects(PyObject *module, PyObject *args)
{
    PyObject *type, *slots;
    (void)module;
    if (!PyArg_ParseTuple(args, "O!O!:subjects", &PyType_Type, &type, &PyTuple_Type, &slots)) {
        return NULL;
    }
    for (Py_ssize_t i = 0; i < SLOTS; i++) {
        PyObject *slot = PyTuple_GET_SIZE(slots) == SLOTS ? PyTuple_GET_ITEM(slots, i) : Py_None;
        if (!is_slot(slot) || PyDescr_TYPE(slot) != (PyTypeObject *)type) {
            return PyErr_Format(PyExc_TypeError, "subjects() takes a class and %d of its slots", SLOTS);
        }
        offsets[i] = offset_of(slot);
    }
    Py_XSETREF(subject_type, (PyTypeObject *)Py_NewRef(type));
    Py_RETURN_NONE;
}

static PyObject **
slot_of(PyObject *subject, int which)
{
    return (PyObject **)((char *)subject + offsets[which]);
}

/* Whether an attribute is true; -1 with an exception. */
static int
is_so(PyObject *object, PyObject *name)
{
    PyObject *value = PyObject_GetAttr(object, name);
    const int found = value == NULL ? -1 : PyObject_IsTrue(value);
    Py_XDECREF(value);
    return found;
}

/* 1: the chain goes on with this update, and no book begins with it; 0: somebody has to look; -1 with an exception. */
static int
is_usual(PyObject *subject, PyObject *update)
{
    if (*slot_of(subject, BEGINS) != Py_False) {
        return 0;
    }
    if (*slot_of(subject, IS_BOOK) == Py_False) {
        return 1;
    }
    const int is_full = is_so(update, a_is_full);
    if (is_full < 0 && PyErr_ExceptionMatches(PyExc_AttributeError)) {
        PyErr_Clear(); /* there is no other book in this kind of update */
        return 0;
    }
    return is_full < 0 ? -1 : !is_full;
}

/* Whether it may repeat itself word for word; -1 with an exception. */
static int
may_repeat(PyObject *update)
{
    const int has_trade_ids = is_so(update, a_has_trade_ids);
    if (has_trade_ids) {
        return has_trade_ids < 0 ? -1 : 0;
    }
    PyObject *time = PyObject_GetAttr(update, a_venue_time);
    const int found = time == NULL ? -1 : time == Py_None;
    Py_XDECREF(time);
    return found;
}

/* The content's id: a hash of subject and payload. */
static PyObject *
content_id(PyObject *subject, PyObject *payload)
{
    PyObject *hash = PyObject_CallMethodNoArgs(*slot_of(subject, HASH), a_copy), *done = NULL, *found = NULL;
    if (hash != NULL && (done = PyObject_CallMethodOneArg(hash, a_update, payload)) != NULL) {
        found = PyObject_CallMethodNoArgs(hash, a_hexdigest);
    }
    Py_XDECREF(hash);
    Py_XDECREF(done);
    return found;
}

/* The name of a payload in its chain, as `Subject.named` has it. */
static PyObject *
named(PyObject *subject, PyObject *payload, Py_ssize_t told_apart)
{
    PyObject *content = content_id(subject, payload), *recent = *slot_of(subject, RECENT), *name = Py_XNewRef(content);
    int is_known = 0;
    for (int times = 1; name != NULL && (is_known = PyDict_Contains(recent, name)) > 0; times++) {
        Py_SETREF(name, PyUnicode_FromFormat("%U-%d", content, times));
    }
    if (name != NULL && (is_known < 0 || remember(recent, name, told_apart) < 0)) {
        Py_CLEAR(name);
    }
    Py_XDECREF(content);
    return name;
}

/* The characters of a text, which stay with it; NULL with an exception. */
static Part
text(PyObject *of)
{
    Part part = {NULL, 0};
    part.at = PyUnicode_AsUTF8AndSize(of, &part.size);
    return part;
}

static Part
digits(char *buffer, long long number)
{
    char *at = buffer + MOST_DIGITS;
    unsigned long long left = number < 0 ? 0 : (unsigned long long)number;
    do {
        *--at = (char)('0' + left % 10);
        left /= 10;
    } while (left);
    return (Part){at, buffer + MOST_DIGITS - at};
}

static Py_ssize_t
size_of(const Part *parts, size_t count)
{
    Py_ssize_t size = 0;
    for (size_t i = 0; i < count; i++) {
        size += parts[i].size;
    }
    return size;
}

static char *
copied(char *to, const Part *parts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        memcpy(to, parts[i].at, (size_t)parts[i].size);
        to += parts[i].size;
    }
    return to;
}

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* A message's line and headers, as they go over the wire. Its id has two parts; `*size` is that of the payload, and then of the headers too. */
static PyObject *
head_of(const Taker *taker, Part subject, Part first, Part second, Part number, Py_ssize_t *size)
{
    char size_of_headers[MOST_DIGITS], size_of_all[MOST_DIGITS];
    const Part headers[] = {
        LITERAL("NATS/1.0\r\nNats-Msg-Id: "), first,
        LITERAL("."), second,
        LITERAL("\r\nRelay-Id: "), taker->relay,
        LITERAL("\r\nRelay-Sequence: "), number,
        LITERAL("\r\nRelay-Received: "), {taker->received, (Py_ssize_t)strlen(taker->received)},
        LITERAL("\r\n\r\n"),
    };
    const Py_ssize_t of_headers = size_of(headers, COUNT(headers));
    *size += of_headers;
    const Part line[] = {
        LITERAL("HPUB "), subject,
        LITERAL("  "), digits(size_of_headers, of_headers),
        LITERAL(" "), digits(size_of_all, *size),
        LITERAL("\r\n"),
    };
    PyObject *head = PyBytes_FromStringAndSize(NULL, size_of(line, COUNT(line)) + of_headers);
    if (head != NULL) {
        copied(copied(PyBytes_AS_STRING(head), line, COUNT(line)), headers, COUNT(headers));
    }
    return head;
}

/* Appends the message of this number to those that were found: 0, or -1 with an exception. */
static int
put(const Taker *taker, PyObject *subject, PyObject *payload, Part first, Part second, Part number)
{
    int failed = 1;
    Py_ssize_t size = PyBytes_GET_SIZE(payload);
    PyObject *data = *slot_of(subject, DATA), *head = NULL, *counted = NULL, *message = NULL;
    const Part name = text(data);
    if (name.at != NULL && (head = head_of(taker, name, first, second, number, &size)) != NULL &&
        (counted = PyLong_FromSsize_t(size)) != NULL &&
        (message = PyObject_Vectorcall(taker->make, (PyObject *[]){data, head, payload, counted}, 4, NULL)) != NULL) {
        failed = PyList_Append(taker->found, message) < 0;
    }
    Py_XDECREF(head);
    Py_XDECREF(counted);
    Py_XDECREF(message);
    return failed ? -1 : 0;
}

/* Has `received` say when this update was read: 0, or -1 with an exception. */
static int
tell_time(Taker *taker, PyObject *update)
{
    PyObject *when = received_at(update);
    const double seconds = when == NULL ? 0.0 : PyFloat_AsDouble(when);
    if (seconds == -1.0 && PyErr_Occurred()) {
        return -1;
    }
    if (taker->received == NULL || seconds != taker->received_at) {
        PyMem_Free(taker->received);
        taker->received_at = seconds;
        taker->received = PyOS_double_to_string(seconds, 'f', 6, 0, NULL);
    }
    return taker->received == NULL ? -1 : 0;
}

/* 1: this update is a message now; 0: somebody has to look; -1 with an exception. */
static int
take(Taker *taker, PyObject *update, PyObject *payload, long long number)
{
    char buffer[MOST_DIGITS];
    int taken = -1;
    PyObject *key = PyObject_GetAttr(update, a_topic_key), *name = NULL;
    PyObject *subject = key == NULL ? NULL : Py_XNewRef(PyDict_GetItemWithError(taker->subjects, key));
    if (subject == NULL || !Py_IS_TYPE(subject, subject_type)) {
        taken = PyErr_Occurred() ? -1 : 0;
        goto done;
    }
    taken = is_usual(subject, update);
    if (taken <= 0) {
        goto done;
    }
    taken = -1;
    const int is_own = may_repeat(update);
    if (is_own < 0 || tell_time(taker, update) < 0) {
        goto done;
    }
    if (is_own) {
        const Part sequence = digits(buffer, number);
        taken = put(taker, subject, payload, taker->relay, sequence, sequence) < 0 ? -1 : 1;
        goto done;
    }
    name = named(subject, payload, taker->told_apart);
    if (name != NULL) {
        const Part first = text(name), second = text(*slot_of(subject, LAST));
        if (first.at != NULL && second.at != NULL && put(taker, subject, payload, first, second, digits(buffer, number)) == 0) {
            Py_XSETREF(*slot_of(subject, LAST), Py_NewRef(name));
            taken = 1;
        }
    }
done:
    Py_XDECREF(key);
    Py_XDECREF(subject);
    Py_XDECREF(name);
    return taken;
}

/* Whether what follows shows that no more comes of this payload. */
static int
is_alone(PyObject *events, Py_ssize_t at, PyObject *payload)
{
    if (at + 1 == PyList_GET_SIZE(events)) {
        return 1;
    }
    PyObject *following = pushed_in(PyList_GET_ITEM(events, at + 1));
    return following != NULL && following != payload;
}

/* take_updates(events, subjects, relay, number, most, found, make, told_apart): see the twin. */
static PyObject *
take_updates(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    (void)module;
    if (count != 8 || !PyList_CheckExact(args[0]) || !PyDict_CheckExact(args[1]) || !PyUnicode_Check(args[2]) ||
        !PyList_CheckExact(args[5])) {
        PyErr_SetString(PyExc_TypeError, "take_updates(list, dict, str, int, int, list, class, int)");
        return NULL;
    }
    Taker taker = {.subjects = args[1], .found = args[5], .make = args[6], .relay = text(args[2])};
    const long long number = PyLong_AsLongLong(args[3]);
    const Py_ssize_t most = PyLong_AsSsize_t(args[4]);
    taker.told_apart = PyLong_AsSsize_t(args[7]);
    if (PyErr_Occurred()) {
        return NULL;
    }
    PyObject *events = args[0];
    int taken = 1;
    for (Py_ssize_t at = 0; taken > 0 && at < most && at < PyList_GET_SIZE(events); at++) {
        PyObject *update = Py_NewRef(PyList_GET_ITEM(events, at)), *payload = Py_XNewRef(pushed_in(update));
        taken = payload != NULL && is_alone(events, at, payload) ? take(&taker, update, payload, number + at + 1) : 0;
        Py_DECREF(update);
        Py_XDECREF(payload);
    }
    PyMem_Free(taker.received);
    if (taken < 0) {
        return NULL;
    }
    Py_RETURN_NONE;
}

static PyMethodDef functions[] = {
    {"subjects", subjects, METH_VARARGS, "Says once which class and which slots `take_updates` is about."},
    {"take_updates", (PyCFunction)(void (*)(void))take_updates, METH_FASTCALL, "Twin of coinex_relay.chains.taken_updates."},
    {NULL, NULL, 0, NULL},
};

int
add_publish(PyObject *module)
{
    static const struct {
        PyObject **to;
        const char *name;
    } names[] = {
        {&a_topic_key, "topic_key"}, {&a_has_trade_ids, "has_trade_ids"}, {&a_venue_time, "venue_time"},
        {&a_is_full, "is_full"},     {&a_copy, "copy"},                   {&a_update, "update"},
        {&a_hexdigest, "hexdigest"},
    };
    for (size_t i = 0; i < COUNT(names); i++) {
        if (*names[i].to == NULL && (*names[i].to = PyUnicode_InternFromString(names[i].name)) == NULL) {
            return -1;
        }
    }
    return PyModule_AddFunctions(module, functions);
}
