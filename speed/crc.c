/* CRC-32 (ISO 3309) as zlib's `crc32` gives it, eight times as quick where the processor multiplies without carries.
 *
 * Source: Gopal and others, "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ Instruction" (Intel, 2009): each 16
 * bytes are folded into the next, and what remains is reduced; the constants are those of its table for this polynomial.
 */
#include "speed.h"

#include <stddef.h>

#ifdef HAVE_ZLIB
#include <zlib.h>

static uint32_t
by_bytes(uint32_t crc, const unsigned char *data, size_t size)
{
    while (size > UINT_MAX) {
        crc = (uint32_t)crc32(crc, data, UINT_MAX);
        data += UINT_MAX;
        size -= UINT_MAX;
    }
    return (uint32_t)crc32(crc, data, (unsigned int)size);
}
#else
static uint32_t
by_bytes(uint32_t crc, const unsigned char *data, size_t size)
{
    crc = ~crc;
    while (size--) {
        crc ^= *data++;
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc >> 1) ^ (crc & 1 ? 0xEDB88320U : 0);
        }
    }
    return ~crc;
}
#endif

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>

/* `size`: a multiple of 16, at least 16. */
__attribute__((target("pclmul,sse4.1"))) static uint32_t
by_folding(uint32_t crc, const unsigned char *data, size_t size)
{
    const __m128i fold = _mm_set_epi64x(0x00ccaa009e, 0x01751997d0), half = _mm_set_epi64x(0, 0x0163cd6124),
                  reduce = _mm_set_epi64x(0x01f7011641, 0x01db710641), words = _mm_setr_epi32(-1, 0, -1, 0);
    __m128i sum = _mm_xor_si128(_mm_loadu_si128((const __m128i *)data), _mm_cvtsi32_si128((int)~crc));
    for (size_t at = 16; at < size; at += 16) {
        __m128i low = _mm_clmulepi64_si128(sum, fold, 0x00), high = _mm_clmulepi64_si128(sum, fold, 0x11);
        sum = _mm_xor_si128(_mm_xor_si128(low, high), _mm_loadu_si128((const __m128i *)(data + at)));
    }
    sum = _mm_xor_si128(_mm_srli_si128(sum, 8), _mm_clmulepi64_si128(sum, fold, 0x10));
    sum = _mm_xor_si128(_mm_srli_si128(sum, 4), _mm_clmulepi64_si128(_mm_and_si128(sum, words), half, 0x00));
    __m128i quotient = _mm_clmulepi64_si128(_mm_and_si128(sum, words), reduce, 0x10);
    sum = _mm_xor_si128(sum, _mm_clmulepi64_si128(_mm_and_si128(quotient, words), reduce, 0x00));
    return ~(uint32_t)_mm_extract_epi32(sum, 1);
}

uint32_t
checksum(uint32_t crc, const char *data, size_t size)
{
    const unsigned char *bytes = (const unsigned char *)data;
    if (size >= 32 && __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.1")) {
        const size_t whole = size & ~(size_t)15;
        crc = by_folding(crc, bytes, whole);
        bytes += whole;
        size -= whole;
    }
    return by_bytes(crc, bytes, size);
}
#else
uint32_t
checksum(uint32_t crc, const char *data, size_t size)
{
    return by_bytes(crc, (const unsigned char *)data, size);
}
#endif
