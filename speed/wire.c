/* Bytes of a socket to messages: frames, inflating. Twin of coinex_proto/_wire/framing.py and inflate.py. */
#include "speed.h"

int
add_wire(PyObject *module)
{
    (void)module;
    return 0;
}
