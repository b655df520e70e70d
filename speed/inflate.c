/* A deflated message (RFC 1951) to its bytes, for messages of some hundred bytes: there zlib spends more on its tables than on the
 * data. Must not know gzip.
 *
 * Only yes is said here: for whatever is not exactly as RFC 1951 has it, and for codes that zlib would refuse, the answer is 0,
 * and zlib decides. Each code has one table, as wide as its longest word, which grows by doubling: the entries for words of n bits,
 * written twice, are those for n + 1 bits. Source: RFC 1951; the doubling is libdeflate's.
 */
#include "speed.h"

#include <string.h>

enum {
    MAX_BITS = 15, /* of a code word (RFC 1951, 3.2.7) */
    SYMBOLS = 288, /* of the fixed code, of which two stand for nothing */
    MAIN_SYMBOLS = 286,
    DISTANCE_SYMBOLS = 30,
    LENGTH_SYMBOLS = 19,
    MAX_BITS_OF_LENGTHS = 7,
    END_OF_BLOCK = 256,
};

/* An entry: bits of the code word, then what the word stands for. 0: no such word. */
#define BITS(entry) ((entry) & 15)
#define EXTRA(entry) ((entry) >> 4 & 15) /* bits behind the word, to be added to the value */
#define VALUE(entry) ((entry) >> 8 & 0xffff) /* a byte, a length, a distance, or a length of a code word */
#define MEANING(value, extra) ((uint32_t)(value) << 8 | (uint32_t)(extra) << 4)
#define LITERAL 0x80000000U
#define OTHER 0x40000000U /* the end of the block, or a word that may not come */

typedef struct {
    int bits; /* how many of them the table looks at */
    uint32_t *entries;
} Code;

/* What the words of a code stand for, by their number: of bytes and lengths, of distances, of lengths of words. */
static uint32_t main_meanings[SYMBOLS], distance_meanings[32], length_meanings[LENGTH_SYMBOLS];
static uint32_t main_entries[1 << MAX_BITS], distance_entries[1 << MAX_BITS], length_entries[1 << MAX_BITS_OF_LENGTHS];
static uint32_t fixed_main_entries[1 << 9], fixed_distance_entries[1 << 5];
static Code fixed_main = {0, fixed_main_entries}, fixed_distance = {0, fixed_distance_entries};

typedef struct {
    const unsigned char *at, *end; /* eight more bytes may be looked at behind the end */
    uint64_t bits; /* what was read and not used, the first bit lowest */
    int count; /* how many of them */
} Input;

static inline uint64_t
eight(const unsigned char *at)
{
    return (uint64_t)at[0] | (uint64_t)at[1] << 8 | (uint64_t)at[2] << 16 | (uint64_t)at[3] << 24 | (uint64_t)at[4] << 32 |
           (uint64_t)at[5] << 40 | (uint64_t)at[6] << 48 | (uint64_t)at[7] << 56;
}

/* At least 56 bits, or all that there are. 0: more were used than there are. */
static inline int
refill(Input *in)
{
    if (in->at > in->end) {
        return in->count >= 8 * (int)(in->at - in->end);
    }
    in->bits |= eight(in->at) << in->count;
    in->at += (63 - in->count) >> 3;
    in->count |= 56;
    return 1;
}

static inline uint32_t
pull(Input *in, uint32_t count)
{
    const uint32_t found = (uint32_t)in->bits & ((1U << count) - 1);
    in->bits >>= count;
    in->count -= (int)count;
    return found;
}

/* Makes the table of the code whose words have these lengths; behind the last one stand seven zeros. 0: zlib may know what they
 * mean. */
static int
make_table(Code *code, const unsigned char *lengths, uint32_t count, const uint32_t *meanings)
{
    uint32_t *table = code->entries;
    uint32_t of[MAX_BITS + 1] = {0}, place[MAX_BITS + 2] = {0};
    uint16_t used[SYMBOLS], sorted[SYMBOLS];
    uint32_t uses = 0;
    for (uint32_t i = 0; i < count; i += 8) {
        /* Most symbols have no word. */
        for (uint64_t some = eight(lengths + i); some;) {
            const int place = __builtin_ctzll(some) & ~7;
            of[some >> place & 0xff]++;
            used[uses++] = (uint16_t)(i + (uint32_t)place / 8);
            some &= ~((uint64_t)0xff << place);
        }
    }
    int longest = MAX_BITS;
    while (longest && !of[longest]) {
        longest--;
    }
    int32_t left = 1; /* words of this length that may still be given */
    for (int length = 1; length <= longest; length++) {
        left = 2 * left - (int32_t)of[length];
        if (left < 0) {
            return 0;
        }
    }
    code->bits = longest;
    if (left) {
        /* Too few words: where there is no distance, or one, its code may be so (3.2.7). */
        table[0] = table[1] = 0;
        if (longest > 1 || meanings != distance_meanings) {
            return 0;
        }
        if (!longest) {
            return 1;
        }
    }
    for (int length = 1; length <= longest; length++) {
        place[length + 1] = place[length] + of[length];
    }
    for (uint32_t i = 0; i < uses; i++) {
        sorted[place[lengths[used[i]]]++] = used[i];
    }
    /* Words are read from their first bit, which stands lowest in the index: the next one is found from the highest bit down. */
    int length = 1;
    while (!of[length]) {
        length++;
    }
    uint32_t end = 1U << length, word = 0;
    const uint16_t *symbol = sorted;
    for (;;) {
        for (uint32_t i = of[length]; i; i--) {
            table[word] = meanings[*symbol++] | (uint32_t)length;
            if (word == end - 1) {
                return 1; /* all ones: the last word */
            }
            const uint32_t bit = 1U << (31 - __builtin_clz(word ^ (end - 1)));
            word = (word & (bit - 1)) | bit;
        }
        if (length == longest) {
            return 1; /* one word of one bit */
        }
        do {
            memcpy(table + end, table, end * sizeof(*table));
            end <<= 1;
        } while (!of[++length]);
    }
}

/* The codes that a block brings along (RFC 1951, 3.2.7). */
static int
read_codes(Input *in, Code *mains, Code *distances)
{
    static const unsigned char order[LENGTH_SYMBOLS] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
    unsigned char lengths[MAIN_SYMBOLS + DISTANCE_SYMBOLS + 138], of_lengths[LENGTH_SYMBOLS + 7] = {0};
    unsigned char of_distances[DISTANCE_SYMBOLS + 7] = {0};
    Code code = {0, length_entries};
    const uint32_t in_main = 257 + pull(in, 5), in_distance = 1 + pull(in, 5), count = 4 + pull(in, 4);
    if (in_main > MAIN_SYMBOLS || in_distance > DISTANCE_SYMBOLS) {
        return 0;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!refill(in)) {
            return 0;
        }
        of_lengths[order[i]] = (unsigned char)pull(in, 3);
    }
    if (!make_table(&code, of_lengths, LENGTH_SYMBOLS, length_meanings)) {
        return 0;
    }
    const uint64_t mask = (1U << code.bits) - 1;
    uint32_t done = 0;
    while (done < in_main + in_distance) {
        if (in->count < 16 && !refill(in)) {
            return 0;
        }
        const uint32_t entry = code.entries[in->bits & mask], length = VALUE(entry);
        pull(in, BITS(entry));
        if (length < 16) {
            lengths[done++] = (unsigned char)length;
            continue;
        }
        if (length == 16 && !done) {
            return 0; /* nothing to repeat */
        }
        const int again = length == 16 ? lengths[done - 1] : 0;
        const uint32_t times = length == 16 ? 3 + pull(in, 2) : length == 17 ? 3 + pull(in, 3) : 11 + pull(in, 7);
        memset(lengths + done, again, times);
        done += times;
    }
    if (done != in_main + in_distance || !lengths[END_OF_BLOCK]) {
        return 0;
    }
    memcpy(of_distances, lengths + in_main, in_distance);
    memset(lengths + in_main, 0, 7);
    return make_table(mains, lengths, in_main, main_meanings) &&
           make_table(distances, of_distances, in_distance, distance_meanings);
}

typedef struct {
    unsigned char *start, *at, *end; /* MAX_OVERRUN more bytes may be written behind the end */
} Output;

/* What a block with codes holds. */
static int
read_block(Input *from, Output *to, const Code *mains, const Code *distances)
{
    const uint64_t main_mask = (1U << mains->bits) - 1, distance_mask = (1U << distances->bits) - 1;
    const uint32_t *main_table = mains->entries, *distance_table = distances->entries;
    Input in = *from;
    unsigned char *out = to->at;
    for (;;) {
        if (!refill(&in) || out > to->end) {
            return 0;
        }
        uint32_t entry = main_table[in.bits & main_mask];
        if (entry & LITERAL) {
            pull(&in, BITS(entry));
            *out++ = (unsigned char)VALUE(entry);
            entry = main_table[in.bits & main_mask];
            if (entry & LITERAL) {
                pull(&in, BITS(entry));
                *out++ = (unsigned char)VALUE(entry);
                entry = main_table[in.bits & main_mask];
                if (entry & LITERAL) {
                    pull(&in, BITS(entry));
                    *out++ = (unsigned char)VALUE(entry);
                    continue;
                }
            }
            if (!refill(&in)) {
                return 0;
            }
        }
        pull(&in, BITS(entry));
        if (entry & OTHER) {
            *from = in;
            to->at = out;
            return VALUE(entry) == END_OF_BLOCK;
        }
        uint32_t length = VALUE(entry) + pull(&in, EXTRA(entry));
        entry = distance_table[in.bits & distance_mask];
        pull(&in, BITS(entry));
        const uint32_t distance = VALUE(entry) + pull(&in, EXTRA(entry));
        if (!distance || distance > (size_t)(out - to->start)) {
            return 0;
        }
        const unsigned char *again = out - distance, *end = out + length;
        if (distance >= 8) {
            unsigned char *at = out;
            do {
                memcpy(at, again, 8);
                at += 8;
                again += 8;
            } while (at < end);
            out += length;
        }
        else {
            while (length--) {
                *out++ = *again++;
            }
        }
    }
}

/* A block that is not compressed; it starts with the next byte (RFC 1951, 3.2.4). */
static int
copy_block(Input *in, Output *to)
{
    in->at -= in->count >> 3;
    if (in->count < 0 || in->at > in->end || in->end - in->at < 4) {
        return 0;
    }
    const Py_ssize_t size = in->at[0] | in->at[1] << 8, inverse = in->at[2] | in->at[3] << 8;
    in->at += 4;
    if ((size ^ inverse) != 0xffff || size > in->end - in->at || size > to->end - to->at) {
        return 0;
    }
    memcpy(to->at, in->at, (size_t)size);
    to->at += size;
    in->at += size;
    in->bits = 0;
    in->count = 0;
    return 1;
}

int
inflated(const unsigned char *data, size_t size, unsigned char *to, size_t promised)
{
    Input in = {data, data + size, 0, 0};
    Output out = {to, to, to + promised};
    Code mains = {0, main_entries}, distances = {0, distance_entries};
    uint32_t is_last;
    int taken;
    do {
        if (!refill(&in)) {
            return 0;
        }
        is_last = pull(&in, 1);
        switch (pull(&in, 2)) {
            case 0:
                taken = copy_block(&in, &out);
                break;
            case 1:
                taken = read_block(&in, &out, &fixed_main, &fixed_distance);
                break;
            case 2:
                taken = read_codes(&in, &mains, &distances) && read_block(&in, &out, &mains, &distances);
                break;
            default:
                return 0;
        }
    } while (taken && !is_last);
    return taken && in.count >= 0 && in.at - (in.count >> 3) == in.end && out.at == out.end;
}

/* What the symbols stand for (RFC 1951, 3.2.5), and the codes that a block need not bring along (3.2.6). */
void
prepare_inflating(void)
{
    unsigned char lengths[SYMBOLS + 7] = {0};
    for (uint32_t i = 0; i < LENGTH_SYMBOLS; i++) {
        length_meanings[i] = MEANING(i, 0);
    }
    for (uint32_t i = 0; i < SYMBOLS; i++) {
        main_meanings[i] = i < END_OF_BLOCK ? MEANING(i, 0) | LITERAL : MEANING(i, 0) | OTHER;
        lengths[i] = i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8;
    }
    for (uint32_t i = 0, base = 3; i < 28; i++) {
        const uint32_t extra = i < 8 ? 0 : i / 4 - 1;
        main_meanings[257 + i] = MEANING(base, extra);
        base += 1U << extra;
    }
    main_meanings[285] = MEANING(258, 0);
    for (uint32_t i = 0, base = 1; i < DISTANCE_SYMBOLS; i++) {
        const uint32_t extra = i < 4 ? 0 : i / 2 - 1;
        distance_meanings[i] = MEANING(base, extra);
        base += 1U << extra;
    }
    make_table(&fixed_main, lengths, SYMBOLS, main_meanings);
    memset(lengths, 5, 32);
    make_table(&fixed_distance, lengths, 32, distance_meanings);
}
