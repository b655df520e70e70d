/* A whole read in one call: messages inflated, decoded and stamped. Twin of what `Connection` does with each message.
 *
 * It ends at the first message that is not of the plain form, for whatever reason, and with nothing of it done: the twin takes that one.
 */
#include "speed.h"

#include <stddef.h>
#include <structmember.h>

/* Stamps: in which payload updates came, and when ---------------------------------------------------------------------- */

static PyTypeObject *update_type;
static Py_ssize_t raw_offset, received_at_offset, is_recovered_offset;

/* stamps(class, raw, received_at, is_recovered): the class of all updates, and the descriptors of its slots. */
static PyObject *
stamps(PyObject *module, PyObject *args)
{
    PyObject *type, *slots[3];
    (void)module;
    if (!PyArg_ParseTuple(args, "O!OOO:stamps", &PyType_Type, &type, &slots[0], &slots[1], &slots[2])) {
        return NULL;
    }
    for (int i = 0; i < 3; i++) {
        if (!is_slot(slots[i]) || !PyType_IsSubtype((PyTypeObject *)type, PyDescr_TYPE(slots[i]))) {
            PyErr_SetString(PyExc_TypeError, "stamps() takes a class and the descriptors of three of its slots");
            return NULL;
        }
    }
    Py_XSETREF(update_type, (PyTypeObject *)Py_NewRef(type));
    raw_offset = offset_of(slots[0]);
    received_at_offset = offset_of(slots[1]);
    is_recovered_offset = offset_of(slots[2]);
    Py_RETURN_NONE;
}

static PyObject **
slot_of(PyObject *update, Py_ssize_t offset)
{
    return (PyObject **)((char *)update + offset);
}

PyObject *
pushed_in(PyObject *event)
{
    if (update_type == NULL || !PyObject_TypeCheck(event, update_type)) {
        return NULL;
    }
    PyObject *raw = *slot_of(event, raw_offset), *is_recovered = *slot_of(event, is_recovered_offset);
    const int is_pushed = is_recovered == NULL || is_recovered == Py_False;
    return is_pushed && raw != NULL && PyBytes_CheckExact(raw) && PyBytes_GET_SIZE(raw) ? raw : NULL;
}

PyObject *
received_at(PyObject *update)
{
    return *slot_of(update, received_at_offset);
}

/* Whether all of this tuple are updates; if so, all are stamped. */
static int
stamped(PyObject *updates, PyObject *raw, PyObject *when)
{
    const Py_ssize_t size = PyTuple_GET_SIZE(updates);
    for (Py_ssize_t i = 0; i < size; i++) {
        if (!PyObject_TypeCheck(PyTuple_GET_ITEM(updates, i), update_type)) {
            return 0;
        }
    }
    for (Py_ssize_t i = 0; i < size; i++) {
        PyObject *update = PyTuple_GET_ITEM(updates, i);
        Py_XSETREF(*slot_of(update, raw_offset), Py_NewRef(raw));
        Py_XSETREF(*slot_of(update, received_at_offset), Py_NewRef(when));
    }
    return 1;
}

/* stamp_all(updates, raw, received_at) */
static PyObject *
stamp_all(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    (void)module;
    if (count != 3 || !PyTuple_Check(args[0]) || update_type == NULL) {
        PyErr_SetString(PyExc_TypeError, "stamp_all() takes a tuple and two values, after stamps()");
        return NULL;
    }
    return PyBool_FromLong(stamped(args[0], args[1], args[2]));
}

/* The values that a JSON text may hold at most, as coinex_proto/decoding.py counts them. */
static Py_ssize_t
values_in(PyObject *payload)
{
    const char *at = PyBytes_AS_STRING(payload), *end = at + PyBytes_GET_SIZE(payload);
    Py_ssize_t count = 0;
    for (; at < end; at++) {
        count += (*at == ',') + (*at == '[') + 3 * (*at == '{');
    }
    return count;
}

/* Tells whoever notes it what a compressed message holds; 0 with an exception. */
static int
was_noted(PyObject *noted, PyObject *member, PyObject *payload)
{
    if (noted == Py_None) {
        return 1;
    }
    PyObject *first = PyObject_CallOneArg(noted, member), *second = first ? PyObject_CallOneArg(noted, payload) : NULL;
    Py_XDECREF(first);
    Py_XDECREF(second);
    return second != NULL;
}

/* Whether this message was taken: its updates are behind those in `found` then. -1 with an exception. */
static int
take_message(PyObject *messages, Py_ssize_t at, PyObject *pushes, Py_ssize_t limit, Py_ssize_t most, PyObject *when,
             PyObject *found, PyObject *noted)
{
    PyObject *payload = inflated_payload(PyList_GET_ITEM(messages, at), limit), *updates = NULL;
    int taken = payload == NULL ? -1 : payload != Py_None;
    if (taken > 0 && most >= 0 && PyBytes_GET_SIZE(payload) > most / 3) {
        taken = values_in(payload) <= most;
    }
    if (taken > 0) {
        updates = decoded(pushes, payload);
        taken = updates == NULL ? -1 : updates != Py_None && stamped(updates, payload, when);
    }
    if (taken > 0 && payload != PyList_GET_ITEM(messages, at)) {
        taken = was_noted(noted, PyList_GET_ITEM(messages, at), payload) ? 1 : -1;
    }
    if (taken > 0) {
        const Py_ssize_t size = PyList_GET_SIZE(found);
        taken = PyList_SetSlice(found, size, size, updates) < 0 ? -1 : 1;
    }
    if (!taken && payload != Py_None && payload != PyList_GET_ITEM(messages, at) && PyBytes_GET_SIZE(payload) &&
        PyBytes_AS_STRING(payload)[0] != 0x1f) {
        /* No gzip: the twin goes on from here, and need not inflate it again, and so cannot note it. */
        taken = was_noted(noted, PyList_GET_ITEM(messages, at), payload) ? 0 : -1;
        PyList_SetItem(messages, at, Py_NewRef(payload));
    }
    Py_XDECREF(updates);
    Py_XDECREF(payload);
    return taken;
}

/* read(messages, at, pushes, limit, most, received_at, found, noted) -> how many of the list were taken, from `at` on; their updates
 * are appended to the list `found`. `pushes` as in `decode`; `most`: values in a message, -1: any number; `noted` gets each
 * compressed message and then what it holds, None: nobody does. The next message may be inflated already. */
static PyObject *
read_plain(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    (void)module;
    if (count != 8 || !PyList_CheckExact(args[0]) || !PyDict_CheckExact(args[2]) || !PyList_CheckExact(args[6]) ||
        update_type == NULL) {
        PyErr_SetString(PyExc_TypeError, "read(messages, at, pushes, limit, most, received_at, found, noted), after stamps()");
        return NULL;
    }
    const Py_ssize_t first = PyLong_AsSsize_t(args[1]), limit = PyLong_AsSsize_t(args[3]), most = PyLong_AsSsize_t(args[4]);
    if (PyErr_Occurred()) {
        return NULL;
    }
    Py_ssize_t at = first < 0 ? PyList_GET_SIZE(args[0]) : first;
    for (; at < PyList_GET_SIZE(args[0]); at++) {
        if (!PyBytes_CheckExact(PyList_GET_ITEM(args[0], at))) {
            break; /* no message */
        }
        const int taken = take_message(args[0], at, args[2], limit, most, args[5], args[6], args[7]);
        if (taken < 0 && !PyErr_ExceptionMatches(PyExc_MemoryError)) {
            return NULL;
        }
        if (taken <= 0) {
            PyErr_Clear(); /* where there is no memory, the twin says what that means */
            break;
        }
    }
    return PyLong_FromSsize_t(at - first);
}

/* Maker(class, members): makes objects of a class with slots, with these filled in this order ---------------------------- */

#define MAX_MEMBERS 8

typedef struct {
    PyObject_HEAD
    vectorcallfunc call;
    PyTypeObject *type;
    Py_ssize_t count;
    Py_ssize_t offsets[MAX_MEMBERS];
} Maker;

static PyObject *
maker_call(PyObject *self, PyObject *const *args, size_t flags, PyObject *names)
{
    const Maker *maker = (Maker *)self;
    if (PyVectorcall_NARGS(flags) != maker->count || (names != NULL && PyTuple_GET_SIZE(names) > 0)) {
        return PyErr_Format(PyExc_TypeError, "%s is made of %zd values", maker->type->tp_name, maker->count);
    }
    PyObject *made = maker->type->tp_alloc(maker->type, 0);
    if (made != NULL) {
        for (Py_ssize_t i = 0; i < maker->count; i++) {
            *(PyObject **)((char *)made + maker->offsets[i]) = Py_NewRef(args[i]);
        }
    }
    return made;
}

static PyObject *
maker_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    PyTypeObject *made;
    PyObject *members;
    if (keywords != NULL || !PyArg_ParseTuple(args, "O!O!:Maker", &PyType_Type, &made, &PyTuple_Type, &members)) {
        return NULL;
    }
    const Py_ssize_t count = PyTuple_GET_SIZE(members);
    if (count > MAX_MEMBERS || made->tp_itemsize != 0) {
        return PyErr_Format(PyExc_TypeError, "Maker() takes up to %d members of a class with slots", MAX_MEMBERS);
    }
    Maker *self = (Maker *)type->tp_alloc(type, 0);
    if (self == NULL) {
        return NULL;
    }
    self->call = maker_call;
    self->type = (PyTypeObject *)Py_NewRef((PyObject *)made);
    for (; self->count < count; self->count++) {
        PyObject *member = PyTuple_GET_ITEM(members, self->count);
        if (!is_slot(member) || !PyType_IsSubtype(made, PyDescr_TYPE(member))) {
            PyErr_Format(PyExc_TypeError, "Maker(): %R is no slot of %s", member, made->tp_name);
            Py_DECREF(self);
            return NULL;
        }
        self->offsets[self->count] = offset_of(member);
    }
    return (PyObject *)self;
}

static void
maker_free(Maker *self)
{
    Py_XDECREF(self->type);
    Py_TYPE(self)->tp_free(self);
}

static PyTypeObject Maker_Type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "coinex_proto._speed.Maker",
    .tp_doc = "Makes objects of a class with slots.",
    .tp_basicsize = sizeof(Maker),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL,
    .tp_new = maker_new,
    .tp_dealloc = (destructor)maker_free,
    .tp_call = PyVectorcall_Call,
    .tp_vectorcall_offset = offsetof(Maker, call),
};

static PyMethodDef functions[] = {
    {"stamps", stamps, METH_VARARGS, "Says once which class and which slots `stamp_all` is about."},
    {"stamp_all", (PyCFunction)(void (*)(void))stamp_all, METH_FASTCALL, "Twin of coinex_proto.updates.stamp_all."},
    {"read", (PyCFunction)(void (*)(void))read_plain, METH_FASTCALL, "Inflates, decodes and stamps plain pushes; says how many."},
    {NULL, NULL, 0, NULL},
};

int
add_read(PyObject *module)
{
    return PyModule_AddType(module, &Maker_Type) < 0 ? -1 : PyModule_AddFunctions(module, functions);
}
