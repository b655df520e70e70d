/* Bytes of a socket to messages: frames and inflating. Twin of coinex_proto/_wire/framing.py and inflate.py. */
#include "speed.h"

#ifdef HAVE_ZLIB
#include <zlib.h>
#endif

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

#ifdef HAVE_ZLIB
/* A member of deflate holds at most 1032 times its own bytes: a size that promises more is not believed. */
#define MAX_RATIO 1032

#define SCRATCH 32768

static Bytef scratch[SCRATCH + 258];
static z_stream inflater;
static int is_inflater_made = 0;

static uint32_t
little_endian(const unsigned char *from)
{
    return from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 | (uint32_t)from[3] << 24;
}

/* inflate_whole(payload, limit): what one whole and faultless gzip member of at most `limit` bytes holds; the payload itself
 * when it is not gzip; None for all else, which zlib in the twin then judges. */
static PyObject *
inflate_whole(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    (void)module;
    if (count != 2 || !PyBytes_Check(args[0])) {
        PyErr_SetString(PyExc_TypeError, "inflate_whole() takes bytes and a limit");
        return NULL;
    }
    const unsigned char *bytes = (const unsigned char *)PyBytes_AS_STRING(args[0]);
    const Py_ssize_t size = PyBytes_GET_SIZE(args[0]), limit = PyLong_AsSsize_t(args[1]);
    if (limit == -1 && PyErr_Occurred()) {
        return NULL;
    }
    if (size < 2 || bytes[0] != 0x1f || bytes[1] != 0x8b) {
        return Py_NewRef(args[0]);
    }
    /* A header of ten bytes without flags; the CRC-32 and the size stand behind the data (RFC 1952, 2.3). */
    if (size < 18 || size > UINT_MAX / 2 || bytes[2] != 8 || bytes[3] != 0) {
        Py_RETURN_NONE;
    }
    const uint32_t sum = little_endian(bytes + size - 8), promised = little_endian(bytes + size - 4);
    if (limit < 0 || promised == 0 || promised > (uint64_t)limit || promised > (uint64_t)size * MAX_RATIO) {
        Py_RETURN_NONE;
    }
    if (!is_inflater_made) {
        if (inflateInit2(&inflater, -15) != Z_OK) {
            Py_RETURN_NONE;
        }
        is_inflater_made = 1;
    }
    else if (inflateReset(&inflater) != Z_OK) {
        Py_RETURN_NONE;
    }
    /* zlib's quick loop wants 258 bytes of room, so that most messages are inflated beside their place. */
    const int is_small = promised <= SCRATCH;
    PyObject *inflated = is_small ? NULL : PyBytes_FromStringAndSize(NULL, (Py_ssize_t)promised);
    if (inflated == NULL && !is_small) {
        return NULL;
    }
    char *place = is_small ? (char *)scratch : PyBytes_AS_STRING(inflated);
    inflater.next_in = (Bytef *)bytes + 10;
    inflater.avail_in = (uInt)size - 18;
    inflater.next_out = (Bytef *)place;
    inflater.avail_out = is_small ? sizeof(scratch) : promised;
    /* Z_FINISH: all of it in one go, so that zlib need not keep a window. */
    const int status = inflate(&inflater, Z_FINISH);
    if (status != Z_STREAM_END || inflater.avail_in != 0 || inflater.total_out != promised ||
        checksum(0, place, promised) != sum) {
        Py_XDECREF(inflated);
        Py_RETURN_NONE;
    }
    return is_small ? PyBytes_FromStringAndSize(place, (Py_ssize_t)promised) : inflated;
}
#endif

static PyMethodDef functions[] = {
    {"cut_messages", cut_messages, METH_VARARGS, "Twin of coinex_proto._wire.framing.cut_messages."},
#ifdef HAVE_ZLIB
    {"inflate_whole", (PyCFunction)(void (*)(void))inflate_whole, METH_FASTCALL,
     "The quick half of coinex_proto._wire.inflate.inflate."},
#endif
    {NULL, NULL, 0, NULL},
};

int
add_wire(PyObject *module)
{
    return PyModule_AddFunctions(module, functions);
}
