/* What the parts of coinex_proto._speed share.
 *
 * The module is optional: every function here has a twin in Python with the same values, errors and messages. The GIL is
 * never released: all of it works on Python objects.
 */
#ifndef COINEX_SPEED_H
#define COINEX_SPEED_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#ifdef Py_GIL_DISABLED
#error "not made for a Python without the GIL: the pure twin runs there"
#endif

/* Grows with every change of what the module offers; coinex_proto/speedups.py expects the same number. */
#define SPEED_REVISION 4

/* Each part adds its functions and types to the module: 0, or -1 with an exception. */
int add_wire(PyObject *module);
int add_decode(PyObject *module);
int add_ladder(PyObject *module);

#endif
