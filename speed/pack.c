/* What a recording's tap has noted, to the columns of a batch. Twin of coinex_proto/recording/noted.py, `packed`. */
#include "speed.h"

#define ALIKE 50
#define KINDS 256
#define SLOTS 1024

typedef struct {
    Py_ssize_t count, size, at;
    const char *begins;
    size_t length;
} Kind;

typedef struct {
    Kind kinds[KINDS];
    short slots[SLOTS];
    int used;
} Kinds;

/* The number of the kind that a message is of; -1: there are too many. */
static int
kind_of(Kinds *all, const char *message, Py_ssize_t size)
{
    const size_t length = size < ALIKE ? (size_t)size : ALIKE;
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < length; i++) {
        hash = (hash ^ (unsigned char)message[i]) * 16777619u;
    }
    for (uint32_t slot = hash % SLOTS;; slot = (slot + 1) % SLOTS) {
        const int number = all->slots[slot];
        if (number < 0) {
            if (all->used == KINDS) {
                return -1;
            }
            all->kinds[all->used] = (Kind){0, 0, 0, message, length};
            all->slots[slot] = (short)all->used;
            return all->used++;
        }
        const Kind *kind = &all->kinds[number];
        if (kind->length == length && memcmp(kind->begins, message, length) == 0) {
            return number;
        }
    }
}

/* Whether `data` is one whole binary frame for each of the messages noted from `from` to `to`, as pairs, and nothing else. */
static int
are_whole(PyObject *noted, Py_ssize_t from, Py_ssize_t to, PyObject *data)
{
    const unsigned char *bytes = (const unsigned char *)PyBytes_AS_STRING(data);
    const Py_ssize_t end = PyBytes_GET_SIZE(data);
    Py_ssize_t at = 0;
    for (Py_ssize_t i = from; i < to; i += 2) {
        const Py_ssize_t size = PyBytes_GET_SIZE(PyList_GET_ITEM(noted, i));
        PyObject *payload = PyList_GET_ITEM(noted, i + 1);
        const char *begins = PyBytes_AS_STRING(payload);
        if (at >= end || bytes[at] != 0x82 || memcmp(begins, "\x1f\x8b", PyBytes_GET_SIZE(payload) < 2 ? 1 : 2) == 0 ||
            memchr(begins, '\n', (size_t)PyBytes_GET_SIZE(payload)) != NULL) {
            return 0;
        }
        at += size + (size < 126 ? 2 : size < 65536 ? 4 : 10);
    }
    return at == end && at > 0;
}

/* Adds a difference to a list, and remembers the number. */
static int
add_difference(PyObject *list, int64_t number, int64_t *before)
{
    PyObject *difference = PyLong_FromLongLong((int64_t)((uint64_t)number - (uint64_t)*before));
    if (difference == NULL) {
        return -1;
    }
    *before = number;
    const int failed = PyList_Append(list, difference);
    Py_DECREF(difference);
    return failed;
}

typedef struct {
    PyObject *times, *readings, *counts;
    unsigned char *which;
    Py_ssize_t messages;
    int64_t time, reading;
    int are_lone;
} Columns;

/* Adds a read whose messages were noted from `from` to `to`. 1: done; 0: it belongs into no column; -1: an error. */
static int
note_read(Columns *columns, Kinds *kinds, PyObject *noted, Py_ssize_t from, Py_ssize_t to)
{
    PyObject *read = PyList_GET_ITEM(noted, to);
    if (!PyTuple_CheckExact(read) || PyTuple_GET_SIZE(read) != 3) {
        return 0;
    }
    PyObject *now = PyTuple_GET_ITEM(read, 0), *wall = PyTuple_GET_ITEM(read, 1), *data = PyTuple_GET_ITEM(read, 2);
    int is_large = 0;
    if (!PyFloat_CheckExact(now) || !PyLong_CheckExact(wall) || !PyBytes_CheckExact(data) ||
        !are_whole(noted, from, to, data)) {
        return 0;
    }
    const long long reading = PyLong_AsLongLongAndOverflow(wall, &is_large);
    const double seconds = PyFloat_AS_DOUBLE(now);
    if (is_large || reading < 0 || seconds < 0) {
        return 0; /* their differences are sure to have 64 bits */
    }
    int64_t bits;
    memcpy(&bits, &seconds, sizeof bits);
    if (add_difference(columns->times, bits, &columns->time) < 0 ||
        add_difference(columns->readings, reading, &columns->reading) < 0) {
        return -1;
    }
    PyObject *count = PyLong_FromSsize_t((to - from) / 2);
    const int failed = count == NULL ? -1 : PyList_Append(columns->counts, count);
    Py_XDECREF(count);
    columns->are_lone = columns->are_lone && to - from == 2;
    for (Py_ssize_t i = from + 1; i < to && !failed; i += 2) {
        PyObject *message = PyList_GET_ITEM(noted, i);
        const int kind = kind_of(kinds, PyBytes_AS_STRING(message), PyBytes_GET_SIZE(message));
        if (kind < 0) {
            return 0;
        }
        kinds->kinds[kind].count++;
        kinds->kinds[kind].size += PyBytes_GET_SIZE(message);
        columns->which[columns->messages++] = (unsigned char)kind;
    }
    return failed ? -1 : 1;
}

/* The messages one behind the other, kind by kind, a line feed between any two. */
static PyObject *
joined(Kinds *kinds, const Columns *columns, PyObject *noted)
{
    Py_ssize_t size = columns->messages ? columns->messages - 1 : 0, begin = 0;
    for (int i = 0; i < kinds->used; i++) {
        kinds->kinds[i].at = begin;
        begin += kinds->kinds[i].size + kinds->kinds[i].count;
        size += kinds->kinds[i].size;
    }
    PyObject *made = PyBytes_FromStringAndSize(NULL, size);
    if (made == NULL) {
        return NULL;
    }
    char *place = PyBytes_AS_STRING(made);
    Py_ssize_t at = 0;
    int is_payload = 0;
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(noted); i++) {
        PyObject *one = PyList_GET_ITEM(noted, i);
        if (!PyBytes_CheckExact(one)) {
            continue;
        }
        if (is_payload) {
            Kind *kind = &kinds->kinds[columns->which[at++]];
            memcpy(place + kind->at, PyBytes_AS_STRING(one), (size_t)PyBytes_GET_SIZE(one));
            kind->at += PyBytes_GET_SIZE(one);
            if (kind->at < size) {
                place[kind->at++] = '\n';
            }
        }
        is_payload = !is_payload;
    }
    return made;
}

/* pack_reads(noted): the batch, where it is nothing but reads of whole messages of at most 256 kinds without a line feed; None for
 * all else, which the twin packs. */
static PyObject *
pack_reads(PyObject *module, PyObject *noted)
{
    (void)module;
    if (!PyList_CheckExact(noted)) {
        PyErr_SetString(PyExc_TypeError, "pack_reads() takes a list");
        return NULL;
    }
    const Py_ssize_t count = PyList_GET_SIZE(noted);
    Kinds *kinds = PyMem_Malloc(sizeof(Kinds));
    Columns columns = {PyList_New(0), PyList_New(0), PyList_New(0), PyMem_Malloc((size_t)count + 1), 0, 0, 0, 1};
    PyObject *batch = NULL;
    if (kinds == NULL || columns.times == NULL || columns.readings == NULL || columns.counts == NULL ||
        columns.which == NULL) {
        PyErr_NoMemory();
        goto done;
    }
    kinds->used = 0;
    memset(kinds->slots, -1, sizeof kinds->slots);
    Py_ssize_t from = 0;
    int went = 1;
    for (Py_ssize_t at = 0; at < count && went > 0; at++) {
        if (PyBytes_CheckExact(PyList_GET_ITEM(noted, at))) {
            continue;
        }
        went = (at - from) % 2 ? 0 : note_read(&columns, kinds, noted, from, at);
        from = at + 1;
    }
    if (went < 0) {
        goto done;
    }
    if (went == 0 || from != count) {
        batch = Py_NewRef(Py_None);
        goto done;
    }
    if (columns.are_lone && PyList_SetSlice(columns.counts, 0, PyList_GET_SIZE(columns.counts), NULL) < 0) {
        goto done;
    }
    PyObject *messages = joined(kinds, &columns, noted);
    if (messages != NULL) {
        batch = Py_BuildValue("[[][]OOOy#[]N]", columns.times, columns.readings, columns.counts, (char *)columns.which,
                              columns.messages, messages);
    }
done:
    Py_XDECREF(columns.times);
    Py_XDECREF(columns.readings);
    Py_XDECREF(columns.counts);
    PyMem_Free(columns.which);
    PyMem_Free(kinds);
    return batch;
}

static PyMethodDef functions[] = {
    {"pack_reads", pack_reads, METH_O, "The quick half of coinex_proto.recording.noted.packed."},
    {NULL, NULL, 0, NULL},
};

int
add_pack(PyObject *module)
{
    return PyModule_AddFunctions(module, functions);
}
