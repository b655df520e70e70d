/* The module coinex_proto._speed: its stamp, and the parts that it is made of. */
#include "speed.h"

static int
fill(PyObject *module)
{
    /* The file's name says which Python it is for; a renamed one would crash later, in odd places. */
    if ((Py_Version >> 16) != (PY_VERSION_HEX >> 16)) {
        PyErr_Format(PyExc_ImportError, "it was built for Python %d.%d", PY_MAJOR_VERSION, PY_MINOR_VERSION);
        return -1;
    }
    if (PyModule_AddIntConstant(module, "REVISION", SPEED_REVISION) < 0 || add_wire(module) < 0 ||
        add_decode(module) < 0 || add_pack(module) < 0 || add_changes(module) < 0 || add_relayed(module) < 0 ||
        add_publish(module) < 0 || add_read(module) < 0) {
        return -1;
    }
    return add_ladder(module);
}

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, fill},
#ifdef Py_MOD_PER_INTERPRETER_GIL_SUPPORTED
    {Py_mod_multiple_interpreters, Py_MOD_MULTIPLE_INTERPRETERS_NOT_SUPPORTED},
#endif
    {0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "coinex_proto._speed",
    .m_doc = "The optional compiled twins; see coinex_proto/speedups.py.",
    .m_size = 0,
    .m_slots = slots,
};

PyMODINIT_FUNC
PyInit__speed(void)
{
    return PyModuleDef_Init(&definition);
}
