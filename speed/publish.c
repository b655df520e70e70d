/* A relay's usual updates to its messages for NATS. Twin of coinex_relay/chains.py, `take_updates`. */
#include "speed.h"

/* More than a number of 64 bits has. */
#define MOST_DIGITS 20

typedef struct {
    const char *at;
    Py_ssize_t size;
} Part;

#define LITERAL(text) ((Part){text, sizeof(text) - 1})

/* The attributes of an update, and the methods of a hash. */
static PyObject *a_topic_key, *a_has_trade_ids, *a_venue_time, *a_is_full, *a_copy, *a_update, *a_hexdigest;

/* The slots of a subject. */
enum { RELAY, DATA, WHOLE, IS_BOOK, BEGINS, HASH, RECENT, LAST, SLOTS };
static PyTypeObject *subject_type;
static Py_ssize_t offsets[SLOTS];
/* The class of messages, and how many names a subject remembers. */
static PyObject *message_type;
static Py_ssize_t told_apart;

/* subjects(class, slots, message, told_apart): says once what a subject is, with the descriptors of its slots in the order above. */
static PyObject *
subjects(PyObject *module, PyObject *args)
{
    PyObject *type, *slots, *message;
    Py_ssize_t names;
    (void)module;
    if (!PyArg_ParseTuple(args, "O!O!On:subjects", &PyType_Type, &type, &PyTuple_Type, &slots, &message, &names)) {
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
    Py_XSETREF(message_type, Py_NewRef(message));
    told_apart = names;
    Py_RETURN_NONE;
}

static PyObject **
place(PyObject *subject, int which)
{
    return (PyObject **)((char *)subject + offsets[which]);
}

/* Borrowed, and not NULL where the subject is sound. */
static PyObject *
slot(PyObject *subject, int which)
{
    return *place(subject, which);
}

static int
is_sound(PyObject *subject)
{
    int found = Py_IS_TYPE(subject, subject_type);
    for (int i = 0; found && i < SLOTS; i++) {
        found = slot(subject, i) != NULL;
    }
    return found && PyDict_CheckExact(slot(subject, RECENT));
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

/* Whether a book can begin with it; -1 with an exception. */
static int
is_whole(PyObject *subject, PyObject *update)
{
    if (slot(subject, IS_BOOK) == Py_False) {
        return 0;
    }
    const int is_full = is_so(update, a_is_full);
    if (is_full < 0 && PyErr_ExceptionMatches(PyExc_AttributeError)) {
        PyErr_Clear(); /* it has no other books */
        return 1;
    }
    return is_full;
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
    PyObject *hash = PyObject_CallMethodNoArgs(slot(subject, HASH), a_copy), *done = NULL, *found = NULL;
    if (hash != NULL && (done = PyObject_CallMethodOneArg(hash, a_update, payload)) != NULL) {
        found = PyObject_CallMethodNoArgs(hash, a_hexdigest);
    }
    Py_XDECREF(hash);
    Py_XDECREF(done);
    return found;
}

/* The name of a payload in its chain, as `Subject.named` has it. */
static PyObject *
named(PyObject *subject, PyObject *payload)
{
    PyObject *content = content_id(subject, payload), *recent = slot(subject, RECENT), *name = Py_XNewRef(content);
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

typedef struct {
    PyObject *subject, *payload;
    Part first, second; /* of its id */
    Part number, received;
    int is_whole;
} Message;

/* Its line and headers, as they go over the wire; `*size` becomes that of headers and payload. */
static PyObject *
head_of(const Message *message, Part data, Part relay, Py_ssize_t *size)
{
    char size_of_headers[MOST_DIGITS], size_of_all[MOST_DIGITS];
    const Part headers[] = {
        LITERAL("NATS/1.0\r\nNats-Msg-Id: "), message->first,
        LITERAL("."), message->second,
        LITERAL("\r\nRelay-Id: "), relay,
        LITERAL("\r\nRelay-Sequence: "), message->number,
        LITERAL("\r\nRelay-Received: "), message->received,
        message->is_whole ? LITERAL("\r\nRelay-Whole: 1\r\n\r\n") : LITERAL("\r\n\r\n"),
    };
    const Py_ssize_t of_headers = size_of(headers, COUNT(headers));
    *size = of_headers + PyBytes_GET_SIZE(message->payload);
    const Part line[] = {
        LITERAL("HPUB "), data,
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

/* Appends it to those that were found, and what tells of a whole book: 0, or -1 with an exception. */
static int
put(PyObject *found, const Message *message)
{
    int failed = 1;
    Py_ssize_t size = 0;
    PyObject *subject = message->subject, *data = slot(subject, DATA), *head = NULL, *counted = NULL, *made = NULL;
    const Part name = text(data), relay = text(slot(subject, RELAY));
    if (name.at != NULL && relay.at != NULL && (head = head_of(message, name, relay, &size)) != NULL &&
        (counted = PyLong_FromSsize_t(size)) != NULL &&
        (made = PyObject_Vectorcall(message_type, (PyObject *[]){data, head, message->payload, counted}, 4, NULL)) != NULL) {
        failed = PyList_Append(found, made) < 0 || (message->is_whole && PyList_Append(found, slot(subject, WHOLE)) < 0);
    }
    Py_XDECREF(head);
    Py_XDECREF(counted);
    Py_XDECREF(made);
    return failed ? -1 : 0;
}

/* As the next of its chain: 0, or -1 with an exception. */
static int
put_next(PyObject *found, Message *message)
{
    PyObject *name = named(message->subject, message->payload), **last = place(message->subject, LAST);
    int failed = 1;
    if (name != NULL) {
        message->first = text(name);
        message->second = text(*last);
        failed = message->first.at == NULL || message->second.at == NULL || put(found, message) < 0;
    }
    if (!failed) {
        Py_XSETREF(*last, Py_NewRef(name));
    }
    Py_XDECREF(name);
    return failed ? -1 : 0;
}

/* Under an id of this relay's own. */
static int
put_own(PyObject *found, Message *message)
{
    message->first = text(slot(message->subject, RELAY));
    message->second = message->number;
    return message->first.at == NULL ? -1 : put(found, message);
}

/* When updates were read: the same for all of a read. */
typedef struct {
    double at;
    char *text; /* NULL: not known yet */
} Moment;

/* 0, or -1 with an exception. */
static int
tell_time(Moment *moment, PyObject *update)
{
    PyObject *when = received_at(update);
    const double seconds = when == NULL ? 0.0 : PyFloat_AsDouble(when);
    if (seconds == -1.0 && PyErr_Occurred()) {
        return -1;
    }
    if (moment->text == NULL || seconds != moment->at) {
        PyMem_Free(moment->text);
        moment->at = seconds;
        moment->text = PyOS_double_to_string(seconds, 'f', 6, 0, NULL);
    }
    return moment->text == NULL ? -1 : 0;
}

/* 1: this update is a message now; 0: somebody has to look; -1 with an exception. */
static int
take(PyObject *found, PyObject *subject, PyObject *update, PyObject *payload, long long number, Moment *moment)
{
    char sequence[MOST_DIGITS];
    if (!is_sound(subject) || slot(subject, BEGINS) != Py_False) {
        return 0;
    }
    Message message = {.subject = subject, .payload = payload, .number = digits(sequence, number)};
    message.is_whole = is_whole(subject, update);
    const int is_own = message.is_whole < 0 ? -1 : may_repeat(update);
    if (is_own < 0 || tell_time(moment, update) < 0) {
        return -1;
    }
    message.received = (Part){moment->text, (Py_ssize_t)strlen(moment->text)};
    return (is_own ? put_own(found, &message) : put_next(found, &message)) < 0 ? -1 : 1;
}

/* The subject of an update, or NULL, with an exception or without. */
static PyObject *
subject_of(PyObject *subjects, PyObject *update)
{
    PyObject *key = PyObject_GetAttr(update, a_topic_key);
    PyObject *subject = key == NULL ? NULL : Py_XNewRef(PyDict_GetItemWithError(subjects, key));
    Py_XDECREF(key);
    return subject;
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

/* take_updates(events, subjects, number, most, found): see the twin. */
static PyObject *
take_updates(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    (void)module;
    if (count != 5 || !PyList_CheckExact(args[0]) || !PyDict_CheckExact(args[1]) || !PyList_CheckExact(args[4]) ||
        subject_type == NULL) {
        PyErr_SetString(PyExc_TypeError, "take_updates(list, dict, int, int, list), after subjects()");
        return NULL;
    }
    const long long number = PyLong_AsLongLong(args[2]);
    const Py_ssize_t most = PyLong_AsSsize_t(args[3]);
    if (PyErr_Occurred()) {
        return NULL;
    }
    Moment moment = {0.0, NULL};
    Py_ssize_t at = 0;
    for (; at < most && at < PyList_GET_SIZE(args[0]); at++) {
        PyObject *update = Py_NewRef(PyList_GET_ITEM(args[0], at)), *payload = Py_XNewRef(pushed_in(update));
        PyObject *subject = payload != NULL && is_alone(args[0], at, payload) ? subject_of(args[1], update) : NULL;
        const int taken = subject == NULL ? 0 : take(args[4], subject, update, payload, number + at + 1, &moment);
        Py_DECREF(update);
        Py_XDECREF(payload);
        Py_XDECREF(subject);
        if (taken <= 0) {
            break;
        }
    }
    PyMem_Free(moment.text);
    if (PyErr_Occurred()) {
        if (at == 0 || !PyErr_ExceptionMatches(PyExc_Exception)) {
            return NULL;
        }
        PyErr_Clear(); /* it comes again, when that update is the first */
    }
    return PyLong_FromSsize_t(at);
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
