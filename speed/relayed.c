/* A consumer's usual messages, as NATS sends them, to payloads for its session, and those to frames of its WebSocket.
 * Twin of coinex_relay/reading.py, `take_usual`, and of coinex_relay/socket.py, `binary_frames`.
 */
#include "speed.h"

#define MOST_DIGITS 18

/* What is left of a text; NULL once something did not fit. */
typedef struct {
    const char *at, *end;
} Text;

typedef struct {
    const char *at;
    Py_ssize_t size;
} Part;

/* The attributes of a `Flow` and its `Past`. */
static PyObject *a_phase, *a_others, *a_past, *a_recent, *a_content, *a_source, *a_sequence, *a_handed, *a_is_shared;

static void
expect_(Text *text, const char *literal, size_t size)
{
    if (text->at != NULL) {
        text->at = (size_t)(text->end - text->at) >= size && memcmp(text->at, literal, size) == 0 ? text->at + size : NULL;
    }
}
#define EXPECT(text, literal) expect_(text, literal, sizeof(literal) - 1)

static int
begins_with(const Text *text, const char *literal, Py_ssize_t size)
{
    return text->at != NULL && text->end - text->at >= size && memcmp(text->at, literal, (size_t)size) == 0;
}

/* A header up to the end of its line, whatever it says. */
static void
skip_line(Text *text)
{
    if (text->at != NULL) {
        text->at = memchr(text->at, '\r', (size_t)(text->end - text->at));
        EXPECT(text, "\r\n");
    }
}

static int
is_lower_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}

static int
is_of_token(char c)
{
    return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z');
}

static int
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static int
is_of_time(char c)
{
    return is_digit(c) || c == '.';
}

static int
is_of_subject(char c)
{
    return c != ' ' && c != '\r';
}

/* At least so many characters of a kind. */
static Part
part(Text *text, int (*is_of_kind)(char), Py_ssize_t least)
{
    Part found = {text->at, 0};
    if (text->at != NULL) {
        const char *at = text->at;
        while (at < text->end && is_of_kind(*at)) {
            at++;
        }
        found.size = at - found.at;
        text->at = found.size >= least ? at : NULL;
    }
    return found;
}

static long long
number(Text *text)
{
    const Part digits = part(text, is_digit, 1);
    long long value = 0;
    if (digits.size > MOST_DIGITS) {
        text->at = NULL;
    }
    for (Py_ssize_t i = 0; text->at != NULL && i < digits.size; i++) {
        value = value * 10 + (digits.at[i] - '0');
    }
    return value;
}

static int
is_same(PyObject *text, Part part)
{
    return PyUnicode_Check(text) && PyUnicode_IS_ASCII(text) && PyUnicode_GET_LENGTH(text) == part.size &&
           memcmp(PyUnicode_1BYTE_DATA(text), part.at, (size_t)part.size) == 0;
}

/* What is asked of the chain, as `Flow.goes_on` has it. */
typedef struct {
    Part content, previous, relay;
    long long sequence, last;
} Link;

int
remember(PyObject *recent, PyObject *key, Py_ssize_t most)
{
    int failed = PyDict_SetItem(recent, key, Py_None) < 0;
    if (!failed && PyDict_GET_SIZE(recent) > most) {
        Py_ssize_t place = 0;
        PyObject *first = NULL;
        if (PyDict_Next(recent, &place, &first, NULL)) {
            Py_INCREF(first);
            failed = PyDict_DelItem(recent, first) < 0;
            Py_DECREF(first);
        }
    }
    return failed ? -1 : 0;
}

/* Sets what the chain remembers of this link; 0, or -1 with an exception. */
static int
remembered(PyObject *flow, PyObject *past, PyObject *recent, PyObject *content, long long sequence, Py_ssize_t memory)
{
    PyObject *at = PyLong_FromLongLong(sequence);
    const int failed = at == NULL || PyObject_SetAttr(past, a_sequence, at) < 0 || PyObject_SetAttr(flow, a_handed, at) < 0 ||
                       PyObject_SetAttr(past, a_content, content) < 0 || PyObject_SetAttr(flow, a_is_shared, Py_True) < 0 ||
                       remember(recent, content, memory) < 0;
    Py_XDECREF(at);
    return failed ? -1 : 0;
}

/* 1: it is the chain's next link, and is remembered; 0: it is not, or somebody has to look; -1 with an exception. */
static int
goes_on(PyObject *flow, const Link *link, PyObject *live, Py_ssize_t memory)
{
    int result = -1;
    PyObject *content = NULL, *before = NULL, *source = NULL, *number = NULL;
    PyObject *phase = PyObject_GetAttr(flow, a_phase), *others = PyObject_GetAttr(flow, a_others);
    PyObject *past = PyObject_GetAttr(flow, a_past), *recent = PyObject_GetAttr(flow, a_recent);
    if (phase == NULL || others == NULL || past == NULL || recent == NULL) {
        goto done;
    }
    if (phase != live || !PyDict_Check(others) || PyDict_GET_SIZE(others) || !PyDict_Check(recent)) {
        result = 0;
        goto done;
    }
    before = PyObject_GetAttr(past, a_content);
    source = PyObject_GetAttr(past, a_source);
    number = PyObject_GetAttr(past, a_sequence);
    if (before == NULL || source == NULL || number == NULL) {
        goto done;
    }
    const long long reached = PyLong_AsLongLong(number);
    if (reached == -1 && PyErr_Occurred()) {
        goto done;
    }
    if (!is_same(before, link->previous) || !is_same(source, link->relay) || is_same(source, link->content) ||
        link->last > reached || reached >= link->sequence) {
        result = 0;
        goto done;
    }
    content = PyUnicode_FromStringAndSize(link->content.at, link->content.size);
    if (content == NULL) {
        goto done;
    }
    const int is_known = PyDict_Contains(recent, content);
    if (is_known == 0) {
        result = remembered(flow, past, recent, content, link->sequence, memory) < 0 ? -1 : 1;
    }
    else {
        result = is_known < 0 ? -1 : 0;
    }
done:
    Py_XDECREF(phase);
    Py_XDECREF(others);
    Py_XDECREF(past);
    Py_XDECREF(recent);
    Py_XDECREF(content);
    Py_XDECREF(before);
    Py_XDECREF(source);
    Py_XDECREF(number);
    return result;
}

/* take_usual(data, at, flows, payloads, live, memory): see the twin. */
static PyObject *
take_usual(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    (void)module;
    if (count != 6 || !PyBytes_Check(args[0]) || !PyDict_Check(args[2]) || !PyList_Check(args[3])) {
        PyErr_SetString(PyExc_TypeError, "take_usual(bytes, int, dict, list, phase, int)");
        return NULL;
    }
    const char *begin = PyBytes_AS_STRING(args[0]), *end = begin + PyBytes_GET_SIZE(args[0]);
    Py_ssize_t at = PyLong_AsSsize_t(args[1]);
    const Py_ssize_t memory = PyLong_AsSsize_t(args[5]);
    if ((at == -1 || memory == -1) && PyErr_Occurred()) {
        return NULL;
    }
    if (at < 0 || at > end - begin) {
        PyErr_SetString(PyExc_ValueError, "a place outside of the data");
        return NULL;
    }
    for (;;) {
        Text text = {begin + at, end};
        Link link;
        EXPECT(&text, "HMSG md-live.");
        part(&text, is_of_subject, 1);
        EXPECT(&text, " ");
        const long long sid = number(&text);
        EXPECT(&text, " ");
        const long long of_headers = number(&text);
        EXPECT(&text, " ");
        const long long of_all = number(&text);
        EXPECT(&text, "\r\n");
        const char *head = text.at;
        if (head == NULL || of_headers > of_all || end - head < 2 || of_all > end - head - 2) {
            break;
        }
        text.end = head + of_headers;
        EXPECT(&text, "NATS/1.0\r\nNats-Msg-Id: ");
        link.content = part(&text, is_of_token, 1);
        EXPECT(&text, ".");
        link.previous = part(&text, is_lower_or_digit, 0);
        EXPECT(&text, "\r\nRelay-Id: ");
        link.relay = part(&text, is_of_token, 1);
        EXPECT(&text, "\r\nRelay-Sequence: ");
        part(&text, is_digit, 1);
        EXPECT(&text, "\r\nRelay-Received: ");
        part(&text, is_of_time, 1);
        EXPECT(&text, "\r\n");
        if (begins_with(&text, "Relay-Whole: ", 13)) {
            EXPECT(&text, "Relay-Whole: 1\r\n");
        }
        EXPECT(&text, "Nats-Stream: ");
        skip_line(&text);
        EXPECT(&text, "Nats-Subject: ");
        skip_line(&text);
        EXPECT(&text, "Nats-Sequence: ");
        link.sequence = number(&text);
        EXPECT(&text, "\r\nNats-Time-Stamp: ");
        skip_line(&text);
        EXPECT(&text, "Nats-Last-Sequence: ");
        link.last = number(&text);
        EXPECT(&text, "\r\n\r\n");
        const char *payload = head + of_headers;
        if (text.at != payload || (of_all > of_headers && *payload == '\0')) {
            break;
        }
        PyObject *key = PyLong_FromLongLong(sid);
        PyObject *flow = key == NULL ? NULL : PyDict_GetItemWithError(args[2], key);
        Py_XDECREF(key);
        if (flow == NULL) {
            if (PyErr_Occurred()) {
                return NULL;
            }
            break;
        }
        Py_INCREF(flow);
        const int is_next = goes_on(flow, &link, args[4], memory);
        Py_DECREF(flow);
        if (is_next <= 0) {
            if (is_next < 0) {
                return NULL;
            }
            break;
        }
        PyObject *taken = PyBytes_FromStringAndSize(payload, (Py_ssize_t)(of_all - of_headers));
        const int failed = taken == NULL || PyList_Append(args[3], taken) < 0;
        Py_XDECREF(taken);
        if (failed) {
            return NULL;
        }
        at = (head + of_all + 2) - begin;
    }
    return PyLong_FromSsize_t(at);
}

/* Frames of the session ------------------------------------------------------------------------------------------------ */

#define FIN_BINARY 0x82
#define MOST_IN_HEADER 10

/* Writes what stands in front of so many bytes in a whole unmasked binary frame; its own size is given back. */
static Py_ssize_t
put_header(unsigned char *to, Py_ssize_t size)
{
    const int more = size < 126 ? 0 : size < 65536 ? 2 : 8;
    to[0] = FIN_BINARY;
    to[1] = (unsigned char)(more == 0 ? size : more == 2 ? 126 : 127);
    for (int i = 0; i < more; i++) {
        to[2 + i] = (unsigned char)((unsigned long long)size >> 8 * (more - 1 - i));
    }
    return 2 + more;
}

/* binary_frames(payloads): see the twin. */
static PyObject *
binary_frames(PyObject *module, PyObject *payloads)
{
    Py_ssize_t room = 0;
    (void)module;
    if (!PyList_Check(payloads)) {
        PyErr_SetString(PyExc_TypeError, "binary_frames(list of bytes)");
        return NULL;
    }
    const Py_ssize_t count = PyList_GET_SIZE(payloads);
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *payload = PyList_GET_ITEM(payloads, i);
        if (!PyBytes_Check(payload)) {
            PyErr_SetString(PyExc_TypeError, "binary_frames(list of bytes)");
            return NULL;
        }
        unsigned char header[MOST_IN_HEADER];
        room += put_header(header, PyBytes_GET_SIZE(payload)) + PyBytes_GET_SIZE(payload);
    }
    PyObject *frames = PyBytes_FromStringAndSize(NULL, room);
    if (frames == NULL) {
        return NULL;
    }
    unsigned char *at = (unsigned char *)PyBytes_AS_STRING(frames);
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *payload = PyList_GET_ITEM(payloads, i);
        const Py_ssize_t size = PyBytes_GET_SIZE(payload);
        at += put_header(at, size);
        memcpy(at, PyBytes_AS_STRING(payload), (size_t)size);
        at += size;
    }
    return frames;
}

static PyMethodDef functions[] = {
    {"binary_frames", binary_frames, METH_O, NULL},
    {"take_usual", (PyCFunction)(void (*)(void))take_usual, METH_FASTCALL, NULL},
    {NULL, NULL, 0, NULL},
};

int
add_relayed(PyObject *module)
{
    static const struct {
        PyObject **to;
        const char *name;
    } names[] = {
        {&a_phase, "phase"},     {&a_others, "others"},     {&a_past, "past"},
        {&a_recent, "recent"},   {&a_content, "content"},   {&a_source, "source"},   {&a_sequence, "sequence"}, {&a_handed, "handed"},   {&a_is_shared, "is_shared"},
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        if (*names[i].to == NULL && (*names[i].to = PyUnicode_InternFromString(names[i].name)) == NULL) {
            return -1;
        }
    }
    return PyModule_AddFunctions(module, functions);
}
