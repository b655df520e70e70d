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

/* What becomes of a read. */
enum { FAILED = -1, OTHER, IN_COLUMNS, FOR_TWIN };

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
        if (at >= end || bytes[at] != 0x82 ||
            (PyBytes_GET_SIZE(payload) > 1 && memcmp(begins, "\x1f\x8b", 2) == 0)) {
            return 0;
        }
        at += size + (size < 126 ? 2 : size < 65536 ? 4 : 10);
    }
    return at == end && at > 0;
}

/* Appends it to a list, and lets it go; 0 with an exception, which may have come before. */
static int
appended(PyObject *list, PyObject *item)
{
    const int failed = item == NULL || PyList_Append(list, item) < 0;
    Py_XDECREF(item);
    return !failed;
}

/* Adds a difference to a list, and remembers the number. */
static int
added_difference(PyObject *list, int64_t number, int64_t *before)
{
    const uint64_t difference = (uint64_t)number - (uint64_t)*before;
    *before = number;
    return appended(list, PyLong_FromLongLong((int64_t)difference));
}

typedef struct {
    PyObject *others, *where, *times, *readings, *counts;
    PyObject **messages; /* borrowed from what was noted */
    unsigned char *which;
    Py_ssize_t count;
    int64_t time, reading;
    int are_lone;
} Columns;

/* Adds a read whose messages were noted from `from` to `to`. */
static int
note_read(Columns *columns, Kinds *kinds, PyObject *noted, Py_ssize_t from, Py_ssize_t to)
{
    PyObject *read = PyList_GET_ITEM(noted, to);
    if (!PyTuple_CheckExact(read) || PyTuple_GET_SIZE(read) == 0) {
        return FOR_TWIN;
    }
    PyObject *now = PyTuple_GET_ITEM(read, 0);
    if (PyUnicode_CheckExact(now) || PyTuple_GET_SIZE(read) != 3 || !PyLong_CheckExact(PyTuple_GET_ITEM(read, 1))) {
        return OTHER;
    }
    PyObject *wall = PyTuple_GET_ITEM(read, 1), *data = PyTuple_GET_ITEM(read, 2);
    int is_large = 0;
    if (!PyFloat_CheckExact(now) || !PyBytes_CheckExact(data)) {
        return FOR_TWIN;
    }
    if (!are_whole(noted, from, to, data)) {
        return OTHER;
    }
    const long long reading = PyLong_AsLongLongAndOverflow(wall, &is_large);
    const double seconds = PyFloat_AS_DOUBLE(now);
    if (is_large || reading < 0 || seconds < 0) {
        return FOR_TWIN; /* their differences are sure to have 64 bits */
    }
    int64_t bits;
    memcpy(&bits, &seconds, sizeof bits);
    if (!added_difference(columns->times, bits, &columns->time) ||
        !added_difference(columns->readings, reading, &columns->reading) ||
        !appended(columns->counts, PyLong_FromSsize_t((to - from) / 2))) {
        return FAILED;
    }
    columns->are_lone = columns->are_lone && to - from == 2;
    for (Py_ssize_t i = from + 1; i < to; i += 2) {
        PyObject *message = PyList_GET_ITEM(noted, i);
        const char *begins = PyBytes_AS_STRING(message);
        const Py_ssize_t size = PyBytes_GET_SIZE(message);
        const int number = memchr(begins, '\n', (size_t)size) ? -1 : kind_of(kinds, begins, size);
        if (number < 0) {
            return FOR_TWIN;
        }
        kinds->kinds[number].count++;
        kinds->kinds[number].size += size;
        columns->messages[columns->count] = message;
        columns->which[columns->count++] = (unsigned char)number;
    }
    return IN_COLUMNS;
}

/* Adds what belongs into no column, as `record(noted, inflated)` has it, and its place in the batch. */
static int
note_other(Columns *columns, PyObject *record, PyObject *noted, Py_ssize_t from, Py_ssize_t to, Py_ssize_t place)
{
    PyObject *inflated = PyList_GetSlice(noted, from, to);
    PyObject *made = inflated ? PyObject_CallFunctionObjArgs(record, PyList_GET_ITEM(noted, to), inflated, NULL) : NULL;
    Py_XDECREF(inflated);
    return appended(columns->others, made) && appended(columns->where, PyLong_FromSsize_t(place)) ? OTHER : FAILED;
}

/* The messages one behind the other, kind by kind, a line feed between any two. */
static PyObject *
joined(Kinds *kinds, const Columns *columns)
{
    Py_ssize_t size = columns->count ? columns->count - 1 : 0, begin = 0;
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
    for (Py_ssize_t i = 0; i < columns->count; i++) {
        Kind *kind = &kinds->kinds[columns->which[i]];
        const Py_ssize_t length = PyBytes_GET_SIZE(columns->messages[i]);
        memcpy(place + kind->at, PyBytes_AS_STRING(columns->messages[i]), (size_t)length);
        kind->at += length;
        if (kind->at < size) {
            place[kind->at++] = '\n';
        }
    }
    return made;
}

/* The columns of everything that was noted. */
static int
fill(Columns *columns, Kinds *kinds, PyObject *noted, PyObject *record)
{
    Py_ssize_t from = 0, place = 0;
    for (Py_ssize_t at = 0; at < PyList_GET_SIZE(noted); at++) {
        if (PyBytes_CheckExact(PyList_GET_ITEM(noted, at))) {
            continue;
        }
        int went = (at - from) % 2 ? FOR_TWIN : note_read(columns, kinds, noted, from, at);
        if (went == OTHER) {
            went = note_other(columns, record, noted, from, at, place);
        }
        if (went == FAILED || went == FOR_TWIN) {
            return went;
        }
        from = at + 1;
        place++;
    }
    return from == PyList_GET_SIZE(noted) ? IN_COLUMNS : FOR_TWIN;
}

/* pack_reads(noted, record): the batch; `record(noted, inflated)` makes what belongs into no column. None where there are more than
 * 256 kinds of messages, one with a line feed, or times that are none, which the twin packs. */
static PyObject *
pack_reads(PyObject *module, PyObject *args)
{
    PyObject *noted, *record, *batch = NULL;
    (void)module;
    if (!PyArg_ParseTuple(args, "O!O:pack_reads", &PyList_Type, &noted, &record)) {
        return NULL;
    }
    const size_t count = (size_t)PyList_GET_SIZE(noted) + 1;
    Kinds *kinds = PyMem_Malloc(sizeof(Kinds));
    Columns columns = {.others = PyList_New(0),
                       .where = PyList_New(0),
                       .times = PyList_New(0),
                       .readings = PyList_New(0),
                       .counts = PyList_New(0),
                       .messages = PyMem_New(PyObject *, count),
                       .which = PyMem_Malloc(count),
                       .are_lone = 1};
    if (kinds == NULL || columns.others == NULL || columns.where == NULL || columns.times == NULL ||
        columns.readings == NULL || columns.counts == NULL || columns.messages == NULL || columns.which == NULL) {
        PyErr_NoMemory();
        goto done;
    }
    kinds->used = 0;
    memset(kinds->slots, -1, sizeof kinds->slots);
    const int went = fill(&columns, kinds, noted, record);
    if (went == FAILED) {
        goto done;
    }
    if (went == FOR_TWIN) {
        batch = Py_NewRef(Py_None);
        goto done;
    }
    if (columns.are_lone && PyList_SetSlice(columns.counts, 0, PyList_GET_SIZE(columns.counts), NULL) < 0) {
        goto done;
    }
    PyObject *messages = joined(kinds, &columns);
    if (messages != NULL) {
        batch = Py_BuildValue("[OOOOOy#[]N]", columns.others, columns.where, columns.times, columns.readings, columns.counts,
                              (char *)columns.which, columns.count, messages);
    }
done:
    Py_XDECREF(columns.others);
    Py_XDECREF(columns.where);
    Py_XDECREF(columns.times);
    Py_XDECREF(columns.readings);
    Py_XDECREF(columns.counts);
    PyMem_Free(columns.messages);
    PyMem_Free(columns.which);
    PyMem_Free(kinds);
    return batch;
}

static PyMethodDef functions[] = {
    {"pack_reads", pack_reads, METH_VARARGS, "The quick half of coinex_proto.recording.noted.packed."},
    {NULL, NULL, 0, NULL},
};

int
add_pack(PyObject *module)
{
    return PyModule_AddFunctions(module, functions);
}
