/* What the parts of coinex_proto._speed share.
 *
 * The module is optional: every function here has a twin in Python with the same values, errors and messages. The GIL is
 * never released: all of it works on Python objects.
 */
#ifndef COINEX_SPEED_H
#define COINEX_SPEED_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdint.h>

#ifdef Py_GIL_DISABLED
#error "not made for a Python without the GIL: the pure twin runs there"
#endif

/* Grows with every change of what the module offers; coinex_proto/speedups.py expects the same number. */
#define SPEED_REVISION 10

/* Each part adds its functions and types to the module: 0, or -1 with an exception. */
int add_wire(PyObject *module);
int add_decode(PyObject *module);
int add_read(PyObject *module);
int add_ladder(PyObject *module);
int add_pack(PyObject *module);
int add_changes(PyObject *module);
int add_relayed(PyObject *module);

/* The CRC-32 of these bytes behind others whose CRC-32 is `crc` (0: behind none); see crc.c. */
uint32_t checksum(uint32_t crc, const char *data, size_t size);

/* Whether deflated data holds so many bytes, which are in `to` then; 0: zlib decides. Eight more bytes may be read behind the data,
 * and INFLATE_OVERRUN more written behind `to`. */
int inflated(const unsigned char *data, size_t size, unsigned char *to, size_t promised);
#define INFLATE_OVERRUN 272
void prepare_inflating(void);

/* See wire.c and decode.c. */
PyObject *inflated_payload(PyObject *payload, Py_ssize_t limit);
PyObject *decoded(PyObject *pushes, PyObject *payload);

/* Whether a descriptor is that of a slot for any object, and where in an object the slot lies. */
int is_slot(PyObject *member);
Py_ssize_t offset_of(PyObject *member);

/* A list of levels that `decode` left as text, [["price","size"],...] in its plain form: where it lies, and how many they are.
 * NULL: `value` is something else. */
const char *unread_levels(PyObject *value, Py_ssize_t *count);

#endif
