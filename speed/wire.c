/* Bytes of a socket to messages: frames and inflating. Twin of coinex_proto/_wire/framing.py and inflate.py. */
#include "speed.h"

/* cut_messages(data, at, limit, append) -> position; see the twin. */
static PyObject *
cut_messages(PyObject *module, PyObject *args)
{
    PyObject *data, *append;
    Py_ssize_t at, limit;
    (void)module;
    if (!PyArg_ParseTuple(args, "SnnO:cut_messages", &data, &at, &limit, &append)) {
        return NULL;
    }
    const unsigned char *bytes = (const unsigned char *)PyBytes_AS_STRING(data);
    const Py_ssize_t end = PyBytes_GET_SIZE(data);
    while (at >= 0 && end - at >= 4) {
        const unsigned char first = bytes[at], second = bytes[at + 1];
        uint64_t length = second;
        Py_ssize_t start = at + 2;
        if (first != 0x81 && first != 0x82) {
            break;
        }
        if (second == 126) {
            length = (uint64_t)bytes[at + 2] << 8 | bytes[at + 3];
            start = at + 4;
            if (length < 126) {
                break;
            }
        }
        else if (second == 127) {
            start = at + 10;
            if (start > end) {
                break;
            }
            length = 0;
            for (Py_ssize_t i = at + 2; i < start; i++) {
                length = length << 8 | bytes[i];
            }
            if (length < 65536) {
                break;
            }
        }
        else if (second > 127) {
            break;
        }
        if (length > (uint64_t)(end - start) || limit < 0 || length > (uint64_t)limit) {
            break;
        }
        const char *payload = (const char *)bytes + start;
        if (first == 0x81) {
            PyObject *text = PyUnicode_DecodeUTF8(payload, (Py_ssize_t)length, NULL);
            if (text == NULL) {
                if (!PyErr_ExceptionMatches(PyExc_UnicodeDecodeError)) {
                    return NULL;
                }
                PyErr_Clear();
                break;
            }
            Py_DECREF(text);
        }
        PyObject *message = PyBytes_FromStringAndSize(payload, (Py_ssize_t)length);
        if (message == NULL) {
            return NULL;
        }
        PyObject *done = PyObject_CallOneArg(append, message);
        Py_DECREF(message);
        if (done == NULL) {
            return NULL;
        }
        Py_DECREF(done);
        at = start + (Py_ssize_t)length;
    }
    return PyLong_FromSsize_t(at);
}

/* A member of deflate holds at most 1032 times its own bytes: a size that promises more is not believed. */
#define MAX_RATIO 1032

#define SCRATCH 32768

static uint32_t
little_endian(const unsigned char *from)
{
    return from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 | (uint32_t)from[3] << 24;
}

/* What one whole and faultless gzip member of at most `limit` bytes holds; `payload` itself when it is not gzip; None for all else,
 * which zlib in the twin then judges. */
PyObject *
inflated_payload(PyObject *payload, Py_ssize_t limit)
{
    static unsigned char scratch[SCRATCH + INFLATE_OVERRUN];
    const unsigned char *bytes = (const unsigned char *)PyBytes_AS_STRING(payload);
    const Py_ssize_t size = PyBytes_GET_SIZE(payload);
    if (size < 2 || bytes[0] != 0x1f || bytes[1] != 0x8b) {
        return Py_NewRef(payload);
    }
    /* A header of ten bytes without flags; the CRC-32 and the size stand behind the data (RFC 1952, 2.3). */
    if (size < 18 || bytes[2] != 8 || bytes[3] != 0) {
        Py_RETURN_NONE;
    }
    const uint32_t sum = little_endian(bytes + size - 8), promised = little_endian(bytes + size - 4);
    if (limit < 0 || promised == 0 || promised > (uint64_t)limit || promised > (uint64_t)size * MAX_RATIO) {
        Py_RETURN_NONE;
    }
    unsigned char *place = promised <= SCRATCH ? scratch : PyMem_Malloc((size_t)promised + INFLATE_OVERRUN);
    if (place == NULL) {
        return PyErr_NoMemory();
    }
    PyObject *found = inflated(bytes + 10, (size_t)size - 18, place, promised) && checksum(0, (char *)place, promised) == sum
                          ? PyBytes_FromStringAndSize((char *)place, (Py_ssize_t)promised)
                          : Py_NewRef(Py_None);
    if (place != scratch) {
        PyMem_Free(place);
    }
    return found;
}

static PyObject *
inflate_whole(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    (void)module;
    if (count != 2 || !PyBytes_Check(args[0])) {
        PyErr_SetString(PyExc_TypeError, "inflate_whole() takes bytes and a limit");
        return NULL;
    }
    const Py_ssize_t limit = PyLong_AsSsize_t(args[1]);
    return limit == -1 && PyErr_Occurred() ? NULL : inflated_payload(args[0], limit);
}

static PyMethodDef functions[] = {
    {"cut_messages", cut_messages, METH_VARARGS, "Twin of coinex_proto._wire.framing.cut_messages."},
    {"inflate_whole", (PyCFunction)(void (*)(void))inflate_whole, METH_FASTCALL,
     "The quick half of coinex_proto._wire.inflate.inflate."},
    {NULL, NULL, 0, NULL},
};

int
add_wire(PyObject *module)
{
    prepare_inflating();
    return PyModule_AddFunctions(module, functions);
}
