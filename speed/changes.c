/* What has changed between two sides of a book. Twin of coinex_recorder/book_changes.py, `changes`. */
#include "speed.h"

typedef struct {
    const char *at, *end;     /* what is not read yet */
    const char *price, *size; /* of this level, both up to a colon or the end */
    Py_ssize_t price_length, size_length;
} Side;

/* Digits with at most one point among them, up to the next colon. -1: something else. */
static Py_ssize_t
number(const char *from, const char *end)
{
    int points = 0;
    const char *at = from;
    for (; at < end && *at != ':'; at++) {
        if (*at == '.') {
            points++;
        }
        else if (*at < '0' || *at > '9') {
            return -1;
        }
    }
    return at == from || points > 1 || *from == '.' ? -1 : at - from;
}

/* To the next level. 1: there is one; 0: it was the last; -1: it is not plain. */
static int
next(Side *side)
{
    if (side->at >= side->end) {
        return 0;
    }
    side->price = side->at;
    side->price_length = number(side->price, side->end);
    side->size = side->price + side->price_length + 1;
    if (side->price_length < 0 || side->size >= side->end) {
        return -1;
    }
    side->size_length = number(side->size, side->end);
    side->at = side->size + side->size_length + 1;
    return side->size_length < 0 ? -1 : 1;
}

/* As strcmp, of two plain numbers. */
static int
compare(const char *one, Py_ssize_t one_length, const char *other, Py_ssize_t other_length)
{
    const char *one_end = one + one_length, *other_end = other + other_length;
    for (; one < one_end && *one == '0'; one++) {
    }
    for (; other < other_end && *other == '0'; other++) {
    }
    int first = 0;
    for (; one < one_end && *one != '.' && other < other_end && *other != '.'; one++, other++) {
        if (!first) {
            first = *one - *other;
        }
    }
    const int goes_on = one < one_end && *one != '.', other_goes_on = other < other_end && *other != '.';
    if (goes_on || other_goes_on || first) {
        return goes_on ? 1 : other_goes_on ? -1 : first;
    }
    one += one < one_end;
    other += other < other_end;
    for (; one < one_end || other < other_end; one++, other++) {
        const char a = one < one_end ? *one : '0', b = other < other_end ? *other : '0';
        if (a != b) {
            return a - b;
        }
    }
    return 0;
}

/* Past the levels that come next on both sides, text for text: they are no change, whatever they are. */
static void
skip_alike(Side *one, Side *other)
{
    const Py_ssize_t one_left = one->end - one->at, other_left = other->end - other->at;
    const Py_ssize_t left = one_left < other_left ? one_left : other_left;
    Py_ssize_t alike = 0;
    for (uint64_t a, b; alike + 8 <= left; alike += 8) {
        memcpy(&a, one->at + alike, sizeof a);
        memcpy(&b, other->at + alike, sizeof b);
        if (a != b) {
            break;
        }
    }
    for (; alike < left && one->at[alike] == other->at[alike]; alike++) {
    }
    Py_ssize_t colons = 0;
    for (Py_ssize_t i = 0; i < alike; i++) {
        colons += one->at[i] == ':';
    }
    for (Py_ssize_t more = colons % 2 + 1; alike > 0; alike--) {
        if (one->at[alike - 1] == ':' && --more == 0) {
            break; /* a level begins behind it */
        }
    }
    one->at += alike;
    other->at += alike;
}

typedef struct {
    char *begin, *at;
    Py_ssize_t count;
} Lines;

static void
add(Lines *lines, const char *price, Py_ssize_t price_length, const char *size, Py_ssize_t size_length)
{
    if (lines->count++) {
        *lines->at++ = '\n';
    }
    memcpy(lines->at, price, (size_t)price_length);
    lines->at += price_length;
    *lines->at++ = ':';
    memcpy(lines->at, size, (size_t)size_length);
    lines->at += size_length;
}

/* Whether the level that was read last follows the one before: prices go one way. */
static int
is_sorted(const Side *before, const Side *now, int sign)
{
    return before->price == NULL ||
           sign * compare(before->price, before->price_length, now->price, now->price_length) < 0;
}

/* changed_levels(old, new, is_highest_first): two texts price:size:price:size…; gives (gone, how many, changed, how many), lines
 * of price:size, what is gone with a size of 0; None for what is not plain or not in order. */
static PyObject *
changed_levels(PyObject *module, PyObject *args)
{
    PyObject *old, *new;
    int is_highest_first;
    (void)module;
    if (!PyArg_ParseTuple(args, "UUp:changed_levels", &old, &new, &is_highest_first)) {
        return NULL;
    }
    if (!PyUnicode_IS_COMPACT_ASCII(old) || !PyUnicode_IS_COMPACT_ASCII(new)) {
        Py_RETURN_NONE;
    }
    const Py_ssize_t old_size = PyUnicode_GET_LENGTH(old), new_size = PyUnicode_GET_LENGTH(new);
    Side was = {.at = (const char *)PyUnicode_1BYTE_DATA(old)}, is = {.at = (const char *)PyUnicode_1BYTE_DATA(new)};
    was.end = was.at + old_size;
    is.end = is.at + new_size;
    char *room = PyMem_Malloc((size_t)(old_size + new_size) + 4);
    if (room == NULL) {
        return PyErr_NoMemory();
    }
    Lines gone = {room, room, 0}, changed = {room + old_size + 2, room + old_size + 2, 0};
    const int sign = is_highest_first ? -1 : 1;
    PyObject *made = NULL;
    skip_alike(&was, &is);
    Side before = was;
    int has_old = next(&was), has_new = next(&is);
    while ((has_old > 0 || has_new > 0) && has_old >= 0 && has_new >= 0) {
        const int order = has_old == 0   ? 1
                          : has_new == 0 ? -1
                                         : sign * compare(was.price, was.price_length, is.price, is.price_length);
        const int is_one_text = order == 0 && was.price_length == is.price_length &&
                                memcmp(was.price, is.price, (size_t)is.price_length) == 0;
        if (order <= 0 && !is_one_text) {
            add(&gone, was.price, was.price_length, "0", 1);
        }
        if (is_one_text && was.size_length == is.size_length &&
            memcmp(was.size, is.size, (size_t)is.size_length) == 0) {
            skip_alike(&was, &is);
        }
        else if (order >= 0) {
            add(&changed, is.price, is.price_length, is.size, is.size_length);
        }
        if (order <= 0) {
            before = was;
            has_old = next(&was);
            has_old = has_old > 0 && !is_sorted(&before, &was, sign) ? -1 : has_old;
        }
        if (order >= 0) {
            before = is;
            has_new = next(&is);
            has_new = has_new > 0 && !is_sorted(&before, &is, sign) ? -1 : has_new;
        }
    }
    if (has_old < 0 || has_new < 0) {
        made = Py_NewRef(Py_None);
    }
    else {
        made = Py_BuildValue("s#ns#n", gone.begin, gone.at - gone.begin, gone.count, changed.begin,
                             changed.at - changed.begin, changed.count);
    }
    PyMem_Free(room);
    return made;
}

static PyMethodDef functions[] = {
    {"changed_levels", changed_levels, METH_VARARGS, "The quick half of coinex_recorder.book_changes.changes."},
    {NULL, NULL, 0, NULL},
};

int
add_changes(PyObject *module)
{
    return PyModule_AddFunctions(module, functions);
}
