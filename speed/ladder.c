/* One side of an order book as one contiguous text, best price first. Twin of coinex_proto/books/ladder.py.
 *
 * Only plain decimal numbers are taken here: digits and at most one point. For anything else `take` says False, with
 * nothing changed, and the twin in Python decides what becomes of it, so that values and messages are the twin's.
 */
#include "speed.h"
#include <structmember.h>

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum {
    MAX_LEVELS = 10000, /* as in the twin */
    MAX_PRICE_CHARACTERS = 60,
    KEY_PLACES = 12,
    KEY_DIGITS = 6,
};

typedef struct {
    PyObject_HEAD
    int64_t *keys;    /* of each level's price; one block with what follows */
    uint32_t *starts; /* where in `text` each level starts, and behind the last one the end */
    char *text;       /* price:size:price:size: ... with a colon behind each number */
    uint32_t count;
    char descending;
    Py_ssize_t absent; /* how often a level was removed that was not there */
} Side;

/* A price: its text, and its exact value times 10^12 where it has at most 6 digits before and 12 behind the point; else -1. */
typedef struct {
    const char *text;
    int64_t key;
} Price;

/* A level that comes in: its numbers lie in texts that the caller keeps. */
typedef struct {
    Price price;
    const char *size;
    uint32_t price_length, size_length;
    uint32_t place; /* among those that came with it */
    uint32_t absent; /* of several changes of one price: how many surely removed what was not there */
    char removes;
    char removes_first; /* the same of the first of several changes of one price */
} Change;

static int
is_digit(char one)
{
    return (unsigned char)(one - '0') < 10;
}

/* Compares two plain decimal numbers, each followed by something that is neither digit nor point. */
static int
compare_texts(const char *a, const char *b)
{
    int order = 0;
    while (*a == '0') {
        a++;
    }
    while (*b == '0') {
        b++;
    }
    for (; is_digit(*a) && is_digit(*b); a++, b++) {
        if (!order) {
            order = *a - *b;
        }
    }
    if (is_digit(*a) || is_digit(*b)) {
        return is_digit(*a) ? 1 : -1;
    }
    if (order) {
        return order;
    }
    a += *a == '.';
    b += *b == '.';
    for (; is_digit(*a) && is_digit(*b); a++, b++) {
        if (*a != *b) {
            return *a - *b;
        }
    }
    for (; *a == '0'; a++) {
    }
    for (; *b == '0'; b++) {
    }
    return is_digit(*a) - is_digit(*b);
}

static inline int
compare(Price a, Price b)
{
    if (a.key >= 0 && b.key >= 0) {
        return (a.key > b.key) - (a.key < b.key);
    }
    return compare_texts(a.text, b.text);
}

/* Each of these two reads a plain decimal number, and gives where it ends; NULL: it is none. */
static const char *
read_price(const char *text, Change *change)
{
    static const int64_t powers[KEY_PLACES + 1] = {
        1000000000000, 100000000000, 10000000000, 1000000000, 100000000, 10000000, 1000000, 100000, 10000, 1000, 100, 10, 1,
    };
    const char *at = text;
    uint64_t value = 0;
    for (; is_digit(*at); at++) {
        value = value * 10 + (uint64_t)(*at - '0');
    }
    Py_ssize_t digits = at - text, places = 0;
    if (*at == '.') {
        const char *point = at++;
        for (; is_digit(*at); at++) {
            value = value * 10 + (uint64_t)(*at - '0');
        }
        places = at - point - 1;
    }
    change->price.text = text;
    change->price.key = digits <= KEY_DIGITS && places <= KEY_PLACES ? (int64_t)value * powers[places] : -1;
    change->price_length = (uint32_t)(at - text);
    return digits + places && at - text <= MAX_PRICE_CHARACTERS ? at : NULL;
}

static const char *
read_size(const char *text, Change *change)
{
    const char *at = text;
    unsigned char seen = 0;
    for (; is_digit(*at); at++) {
        seen |= (unsigned char)*at;
    }
    Py_ssize_t digits = at - text;
    if (*at == '.') {
        const char *point = at++;
        for (; is_digit(*at); at++) {
            seen |= (unsigned char)*at;
        }
        digits += at - point - 1;
    }
    change->size = text;
    change->size_length = (uint32_t)(at - text);
    change->removes = !(seen & 0x0F);
    return digits && at - text < (1 << 30) ? at : NULL;
}

/* The characters of a text, behind which a zero stands, and their end; NULL: it is no plain str. */
static const char *
characters(PyObject *text, const char **end)
{
    if (!PyUnicode_CheckExact(text) || !PyUnicode_IS_COMPACT_ASCII(text)) {
        return NULL;
    }
    const char *from = PyUnicode_DATA(text);
    *end = from + PyUnicode_GET_LENGTH(text);
    return from;
}

/* A level as a pair of str. */
static int
read_pair(PyObject *level, Change *change)
{
    if ((!PyTuple_CheckExact(level) && !PyList_CheckExact(level)) || PySequence_Fast_GET_SIZE(level) != 2) {
        return 0;
    }
    const char *end, *price = characters(PySequence_Fast_GET_ITEM(level, 0), &end);
    if (price == NULL || read_price(price, change) != end) {
        return 0;
    }
    const char *size = characters(PySequence_Fast_GET_ITEM(level, 1), &end);
    return size != NULL && read_size(size, change) == end;
}

static const char *
behind_quote(const char *at)
{
    while (*at != '"') {
        at++;
    }
    return at + 1;
}

/* The next level of a list in JSON; `*at` moves behind it. */
static int
read_unread(const char **at, Change *change)
{
    const char *end = read_price(behind_quote(*at), change);
    if (end == NULL || *end != '"') {
        return 0;
    }
    end = read_size(behind_quote(end + 1), change);
    if (end == NULL || *end != '"') {
        return 0;
    }
    *at = end + 1;
    return 1;
}

/* Where a price stands beside another one in the order of the side: below zero before it, above zero behind it. */
static inline int
order_of(Price one, Price other, int is_descending)
{
    const int order = compare(one, other);
    return is_descending ? -order : order;
}

static int
compare_changes(const void *a, const void *b)
{
    const Change *one = a, *other = b;
    const int order = compare(one->price, other->price);
    return order ? order : (one->place > other->place) - (one->place < other->place);
}

static int
compare_changes_down(const void *a, const void *b)
{
    const Change *one = a, *other = b;
    const int order = compare(other->price, one->price);
    return order ? order : (one->place > other->place) - (one->place < other->place);
}

/* Puts changes into the order of the side; of those with one price the last one stays. Gives how many are left. */
static uint32_t
sort(Change *changes, uint32_t count, int is_descending)
{
    qsort(changes, count, sizeof(Change), is_descending ? compare_changes_down : compare_changes);
    uint32_t left = 0;
    for (uint32_t i = 0; i < count; i++) {
        Change *last = changes + left - 1;
        if (!left || order_of(last->price, changes[i].price, is_descending)) {
            changes[left++] = changes[i];
            continue;
        }
        changes[i].removes_first = last->removes_first;
        changes[i].absent = last->absent + (uint32_t)(last->removes && changes[i].removes);
        *last = changes[i];
    }
    return left;
}

/* Reads levels in the order of the side, each price once; `all` is how many came. 1; 0: they are for the twin; -1 with an
 * exception. */
static int
read_changes(PyObject *levels, int is_descending, Change **found, uint32_t *count, Py_ssize_t *all)
{
    *found = NULL;
    *count = 0;
    Py_ssize_t size;
    const char *unread = unread_levels(levels, &size);
    if (unread == NULL) {
        if (!PyTuple_CheckExact(levels) && !PyList_CheckExact(levels)) {
            return 0;
        }
        size = PySequence_Fast_GET_SIZE(levels);
    }
    *all = size;
    if (size > 2 * MAX_LEVELS) {
        return 0;
    }
    if (!size) {
        return 1;
    }
    Change *changes = PyMem_Malloc((size_t)size * sizeof(Change));
    if (changes == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    int is_sorted = 1; /* nearly always: the venue sorts them */
    for (Py_ssize_t i = 0; i < size; i++) {
        Change *one = changes + i;
        if (!(unread == NULL ? read_pair(PySequence_Fast_GET_ITEM(levels, i), one) : read_unread(&unread, one))) {
            PyMem_Free(changes);
            return 0;
        }
        one->place = (uint32_t)i;
        one->absent = 0;
        one->removes_first = one->removes;
        is_sorted = is_sorted && (!i || order_of(one[-1].price, one->price, is_descending) < 0);
    }
    *found = changes;
    *count = is_sorted ? (uint32_t)size : sort(changes, (uint32_t)size, is_descending);
    return 1;
}

static inline int
order_at(const Side *side, uint32_t at, Price price)
{
    const Price known = {side->text + side->starts[at], side->keys[at]};
    return order_of(known, price, side->descending);
}

/* The first level at or behind this price, from `low` on: looked for in growing steps, since changes mostly stand close together. */
static uint32_t
position(const Side *side, Price price, uint32_t low, int *is_there)
{
    uint32_t high = low;
    int order = 1;
    for (uint32_t step = 1; high < side->count && (order = order_at(side, high, price)) < 0; step *= 2) {
        low = high + 1;
        high += step;
    }
    if (high > side->count) {
        high = side->count;
        order = 1;
    }
    while (order && low < high) {
        const uint32_t middle = low + (high - low) / 2;
        const int found = order_at(side, middle, price);
        if (found < 0) {
            low = middle + 1;
        }
        else {
            high = middle;
            order = found;
        }
    }
    *is_there = high < side->count && !order;
    return high;
}

typedef struct {
    int64_t *keys;
    uint32_t *starts;
    char *text;
    uint32_t count;
    Py_ssize_t absent;
} Merged;

/* Appends levels [from, to) of a side. */
static void
append_run(Merged *merged, const Side *side, uint32_t from, uint32_t to)
{
    if (from == to) {
        return;
    }
    uint32_t start = side->starts[from], at = merged->starts[merged->count];
    memcpy(merged->text + at, side->text + start, side->starts[to] - start);
    memcpy(merged->keys + merged->count, side->keys + from, (to - from) * sizeof(int64_t));
    for (uint32_t i = from; i < to; i++) {
        merged->starts[++merged->count] = side->starts[i + 1] - start + at;
    }
}

static void
append_change(Merged *merged, const Change *change)
{
    char *to = merged->text + merged->starts[merged->count], *start = to;
    memcpy(to, change->price.text, change->price_length);
    to += change->price_length;
    *to++ = ':';
    memcpy(to, change->size, change->size_length);
    to += change->size_length;
    *to++ = ':';
    merged->keys[merged->count] = change->price.key;
    merged->starts[merged->count + 1] = merged->starts[merged->count] + (uint32_t)(to - start);
    merged->count++;
}

/* What the side is after the changes (`is_whole`: they are all there is), apart from it, so that a failure changes nothing.
 * 1; 0: too many levels, for the twin; -1 with an exception. */
static int
merge(const Side *side, const Change *changes, uint32_t count, int is_whole, Merged *merged)
{
    uint32_t known = is_whole ? 0 : side->count, done = 0;
    if (count + known > 2 * MAX_LEVELS) {
        return 0;
    }
    size_t most = (size_t)known + count, length = known ? side->starts[known] : 0;
    for (uint32_t i = 0; i < count; i++) {
        length += changes[i].removes ? 0 : (size_t)changes[i].price_length + changes[i].size_length + 2;
    }
    size_t size = most * sizeof(int64_t) + (most + 1) * sizeof(uint32_t) + length;
    merged->keys = length < UINT32_MAX ? PyMem_Malloc(size) : NULL;
    if (merged->keys == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    merged->starts = (uint32_t *)(merged->keys + most);
    merged->text = (char *)(merged->starts + most + 1);
    merged->count = merged->starts[0] = 0;
    merged->absent = 0;
    for (uint32_t i = 0; i < count; i++) {
        int is_there = 0;
        if (!is_whole) {
            uint32_t at = position(side, changes[i].price, done, &is_there);
            append_run(merged, side, done, at);
            done = at + (uint32_t)is_there;
        }
        if (!changes[i].removes) {
            append_change(merged, &changes[i]);
        }
        merged->absent += changes[i].absent + (uint32_t)(changes[i].removes_first && !is_there);
    }
    append_run(merged, side, done, known);
    if (merged->count > MAX_LEVELS) {
        PyMem_Free(merged->keys);
        return 0;
    }
    return 1;
}

static void
settle(Side *side, const Merged *merged)
{
    PyMem_Free(side->keys);
    side->keys = merged->keys;
    side->starts = merged->starts;
    side->text = merged->text;
    side->count = merged->count;
    side->absent += merged->absent;
}

/* Reads and merges levels. 1; 0: they are for the twin; -1 with an exception. */
static int
prepare(const Side *side, PyObject *levels, int is_whole, Merged *merged)
{
    Change *changes;
    uint32_t count;
    Py_ssize_t all;
    int read = read_changes(levels, side->descending, &changes, &count, &all);
    if (read == 1) {
        /* The twin counts what comes in before it looks at it. */
        read = all + (is_whole ? 0 : side->count) > 2 * MAX_LEVELS ? 0 : merge(side, changes, count, is_whole, merged);
        PyMem_Free(changes);
    }
    return read;
}

static int
has_positive_prices(const Side *side)
{
    return !side->count || compare_texts(side->text + side->starts[side->descending ? side->count - 1 : 0], "0") > 0;
}

static uint32_t
text_length(const Side *side)
{
    return side->count ? side->starts[side->count] - 1 : 0; /* without the last colon */
}

/* The type ------------------------------------------------------------------------------------------------------------ */

static PyObject *
side_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    static char *names[] = {"is_highest_best", NULL};
    int is_highest_best = 0;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "|p", names, &is_highest_best)) {
        return NULL;
    }
    Side *side = (Side *)type->tp_alloc(type, 0);
    if (side != NULL) {
        side->descending = (char)is_highest_best;
    }
    return (PyObject *)side;
}

static void
side_dealloc(Side *side)
{
    PyTypeObject *type = Py_TYPE(side);
    PyMem_Free(side->keys);
    type->tp_free((PyObject *)side);
    Py_DECREF(type);
}

static PyObject *
side_clear(Side *side, PyObject *nothing)
{
    (void)nothing;
    PyMem_Free(side->keys);
    side->keys = NULL;
    side->starts = NULL;
    side->text = NULL;
    side->count = 0;
    Py_RETURN_NONE;
}

static PyObject *
side_take(Side *side, PyObject *const *args, Py_ssize_t count)
{
    Merged merged;
    if (count != 2) {
        PyErr_SetString(PyExc_TypeError, "take(levels, is_whole)");
        return NULL;
    }
    int is_whole = PyObject_IsTrue(args[1]);
    int taken = is_whole < 0 ? -1 : prepare(side, args[0], is_whole, &merged);
    if (taken < 0) {
        return NULL;
    }
    if (taken) {
        settle(side, &merged);
    }
    return PyBool_FromLong(taken);
}

/* One push into both sides: 1, 0: nothing has changed, and it is for the twin; -1 with an exception. */
static int
take_both(Side *bids, Side *asks, PyObject *bid_levels, PyObject *ask_levels, int is_whole)
{
    Merged of_bids, of_asks;
    if (!bids->descending || asks->descending) {
        return 0; /* the checksum is over their texts in another order */
    }
    int taken = prepare(bids, bid_levels, is_whole, &of_bids);
    if (taken == 1) {
        taken = prepare(asks, ask_levels, is_whole, &of_asks);
        if (taken != 1) {
            PyMem_Free(of_bids.keys);
        }
    }
    if (taken == 1) {
        settle(bids, &of_bids);
        settle(asks, &of_asks);
    }
    return taken;
}

/* bids.take_both(asks, bid_levels, ask_levels, is_whole) -> whether no price is zero then; None, with nothing changed: ask the
 * twin. */
static PyObject *
side_take_both(Side *bids, PyObject *const *args, Py_ssize_t count)
{
    if (count != 4 || Py_TYPE(args[0]) != Py_TYPE(bids)) {
        PyErr_SetString(PyExc_TypeError, "bids.take_both(asks, bid_levels, ask_levels, is_whole)");
        return NULL;
    }
    Side *asks = (Side *)args[0];
    const int is_whole = PyObject_IsTrue(args[3]);
    const int taken = is_whole < 0 ? -1 : take_both(bids, asks, args[1], args[2], is_whole);
    if (taken <= 0) {
        return taken < 0 ? NULL : Py_NewRef(Py_None);
    }
    return PyBool_FromLong(has_positive_prices(bids) && has_positive_prices(asks));
}

/* The CRC-32 of the text of both. */
static uint32_t
checksum_of(const Side *bids, const Side *asks)
{
    const uint32_t first = text_length(bids), second = text_length(asks);
    const uint32_t crc = checksum(0, bids->text, first + (first && second));
    return second ? checksum(crc, asks->text, second) : crc;
}

static PyObject *
side_checksum(Side *bids, PyObject *other)
{
    if (Py_TYPE(other) != Py_TYPE(bids)) {
        PyErr_SetString(PyExc_TypeError, "bids.checksum(asks)");
        return NULL;
    }
    return PyLong_FromUnsignedLong(checksum_of(bids, (Side *)other));
}

/* bids.push(asks, bid_levels, ask_levels, is_whole) -> the checksum of both then; -1: a price is zero; None, with nothing changed: ask
 * the twin. */
static PyObject *
side_push(Side *bids, PyObject *const *args, Py_ssize_t count)
{
    PyObject *is_positive = side_take_both(bids, args, count);
    if (is_positive == NULL || is_positive == Py_None) {
        return is_positive;
    }
    const int is_good = is_positive == Py_True;
    Py_DECREF(is_positive);
    return is_good ? PyLong_FromUnsignedLong(checksum_of(bids, (Side *)args[0])) : PyLong_FromLong(-1);
}

static PyObject *
side_text(Side *side, PyObject *nothing)
{
    (void)nothing;
    return PyBytes_FromStringAndSize(side->text, text_length(side));
}

static PyObject *
side_keep(Side *side, PyObject *depth)
{
    Py_ssize_t wanted = PyNumber_AsSsize_t(depth, NULL);
    if (wanted == -1 && PyErr_Occurred()) {
        return NULL;
    }
    if (0 <= wanted && wanted < side->count) {
        side->count = (uint32_t)wanted; /* the best come first; the rest of the block goes with the next change */
    }
    Py_RETURN_NONE;
}

static Py_ssize_t
side_length(Side *side)
{
    return side->count;
}

static PyObject *
side_has_positive_prices(Side *side, void *nothing)
{
    (void)nothing;
    return PyBool_FromLong(has_positive_prices(side));
}

static PyMethodDef side_methods[] = {
    {"clear", (PyCFunction)side_clear, METH_NOARGS, "Forget all levels."},
    {"take", (PyCFunction)(void (*)(void))side_take, METH_FASTCALL,
     "Change levels, or replace all; False, with nothing changed: ask the twin."},
    {"take_both", (PyCFunction)(void (*)(void))side_take_both, METH_FASTCALL,
     "One push into bids and asks; gives whether no price is zero."},
    {"push", (PyCFunction)(void (*)(void))side_push, METH_FASTCALL, "As `take_both`; gives the checksum."},
    {"checksum", (PyCFunction)side_checksum, METH_O, "The CRC-32 of bids and these asks."},
    {"text", (PyCFunction)side_text, METH_NOARGS, "price:size:price:size... of all levels, best first."},
    {"keep", (PyCFunction)side_keep, METH_O, "Forget all but so many of the best levels."},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef side_attributes[] = {
    {"has_positive_prices", (getter)side_has_positive_prices, NULL,
     "Whether the lowest price is above zero (true for an empty side).", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyMemberDef side_members[] = {
    {"is_highest_best", T_BOOL, offsetof(Side, descending), READONLY, "The side is the bids."},
    {"absent", T_PYSSIZET, offsetof(Side, absent), 0, "How often a level was removed that was not there."},
    {NULL, 0, 0, 0, NULL},
};

static PyType_Slot side_slots[] = {
    {Py_tp_doc, "One side of a live book as one text; the subclass in coinex_proto/books/ladder.py says what it means."},
    {Py_tp_new, side_new},
    {Py_tp_dealloc, side_dealloc},
    {Py_tp_methods, side_methods},
    {Py_tp_getset, side_attributes},
    {Py_tp_members, side_members},
    {Py_sq_length, side_length},
    {0, NULL},
};

static PyType_Spec side_spec = {
    .name = "coinex_proto._speed.Side",
    .basicsize = sizeof(Side),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    .slots = side_slots,
};

int
add_ladder(PyObject *module)
{
    PyObject *type = PyType_FromModuleAndSpec(module, &side_spec, NULL);
    int added = type == NULL ? -1 : PyModule_AddObjectRef(module, "Side", type);
    Py_XDECREF(type);
    return added;
}
