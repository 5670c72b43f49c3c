// BLAKE3 as its specification has it (the BLAKE3 paper, section 2): blocks of 64 bytes, seven rounds, chunks of 16
// blocks.
//
// The leaves of trace points: BLAKE3 of 0, the leaf's place in SCALE, and up to 1 KiB of the value. A thread hashes a
// leaf. With its prefix a full leaf is longer than one chunk: chunk 0 has 16 blocks, chunk 1 the rest, and their
// parent is the root. And full subtrees of the tree over leaves, whose nodes are BLAKE3 of 1 and two children.
//
// Whole tensors: a thread hashes a chunk, then a block joins many chaining values by the tree above them.

#include "common.cuh"

// Words of value in a leaf, of a block, of a chunk, of a hash, of a prefix with room for all shapes, and of both.
constexpr u32 LEAF_WORDS = 256;
constexpr u32 BLOCK_WORDS = 16;
constexpr u32 CHUNK_WORDS = 256;
constexpr u32 HASH_WORDS = 8;
constexpr u32 PREFIX_WORDS = 16;
constexpr u32 MESSAGE_WORDS = PREFIX_WORDS + LEAF_WORDS;
// Where the prefix has the offset of the leaf: behind the tag, step, unit and point.
constexpr u32 OFFSET_AT = 21;
// Threads of a block: their messages are in shared memory, an odd number of words apart.
constexpr u32 LEAVES = 32;
constexpr u32 STRIDE = MESSAGE_WORDS + 1;
// What a unit has of a point: words of its prefix, and behind them its first word, how many it has (the lower half of
// either before the upper one), and its first leaf of the pass.
constexpr u32 SHARE_WORDS = PREFIX_WORDS + 5;
constexpr u32 FIRST_WORD = PREFIX_WORDS, WORDS = PREFIX_WORDS + 2, FIRST_LEAF = PREFIX_WORDS + 4;
// Leaves of a subtree, of whose block each thread has a pair; its nodes are an odd number of words apart.
constexpr u32 SUBTREE = 256;
constexpr u32 PAIRS = SUBTREE / 2;
constexpr u32 NODE_STRIDE = HASH_WORDS + 1;

constexpr u32 CHUNK_START = 1, CHUNK_END = 2, PARENT = 4, ROOT = 8;

constexpr u32 IV0 = 0x6A09E667u, IV1 = 0xBB67AE85u, IV2 = 0x3C6EF372u, IV3 = 0xA54FF53Au;
constexpr u32 IV4 = 0x510E527Fu, IV5 = 0x9B05688Cu, IV6 = 0x1F83D9ABu, IV7 = 0x5BE0CD19u;

struct Hash {
    u32 words[HASH_WORDS];
};

__device__ inline Hash initial() { return Hash{{IV0, IV1, IV2, IV3, IV4, IV5, IV6, IV7}}; }

__device__ inline u32 rotate(u32 x, u32 by) { return __funnelshift_r(x, x, by); }

__device__ inline void mix(u32& a, u32& b, u32& c, u32& d, u32 x, u32 y) {
    a = a + b + x;
    d = rotate(d ^ a, 16);
    c = c + d;
    b = rotate(b ^ c, 12);
    a = a + b + y;
    d = rotate(d ^ a, 8);
    c = c + d;
    b = rotate(b ^ c, 7);
}

// Columns, then diagonals.
__device__ inline void round(u32 (&v)[16], const u32 (&m)[16]) {
    mix(v[0], v[4], v[8], v[12], m[0], m[1]);
    mix(v[1], v[5], v[9], v[13], m[2], m[3]);
    mix(v[2], v[6], v[10], v[14], m[4], m[5]);
    mix(v[3], v[7], v[11], v[15], m[6], m[7]);
    mix(v[0], v[5], v[10], v[15], m[8], m[9]);
    mix(v[1], v[6], v[11], v[12], m[10], m[11]);
    mix(v[2], v[7], v[8], v[13], m[12], m[13]);
    mix(v[3], v[4], v[9], v[14], m[14], m[15]);
}

__device__ inline void permute(u32 (&m)[16]) {
    u32 old[16];
#pragma unroll
    for (u32 i = 0; i < 16; i++) old[i] = m[i];
    m[0] = old[2], m[1] = old[6], m[2] = old[3], m[3] = old[10];
    m[4] = old[7], m[5] = old[0], m[6] = old[4], m[7] = old[13];
    m[8] = old[1], m[9] = old[11], m[10] = old[12], m[11] = old[5];
    m[12] = old[9], m[13] = old[14], m[14] = old[15], m[15] = old[8];
}

// The compression function; no hash here has more than 2³² chunks, so the counter is one word.
__device__ inline void compress(Hash& h, u32 (&m)[16], u32 counter, u32 bytes, u32 flags) {
    u32 v[16] = {h.words[0], h.words[1], h.words[2], h.words[3], h.words[4], h.words[5], h.words[6], h.words[7],
                 IV0,        IV1,        IV2,        IV3,        counter,    0,          bytes,      flags};
#pragma unroll
    for (u32 i = 0; i < 7; i++) {
        round(v, m);
        permute(m);
    }
#pragma unroll
    for (u32 i = 0; i < 8; i++) h.words[i] = v[i] ^ v[i + 8];
}

// What leaves of one unit's point share.
struct Point {
    const u32* values;
    u64 words;
    const u32* prefix;
    u32 prefix_bytes;
};

// Byte `at` of the prefix, with the leaf's own offset in it.
__device__ inline u32 prefix_byte(const Point& point, u64 leaf, u32 at) {
    u64 offset = leaf * 4 * LEAF_WORDS;
    if (at - OFFSET_AT < 8) return static_cast<u32>(offset >> (8 * (at - OFFSET_AT))) & 255;
    return point.prefix[at / 4] >> (8 * (at % 4)) & 255;
}

// Words of a leaf's value.
__device__ inline u32 leaf_words(const Point& point, u64 leaf) {
    u64 left = point.words - leaf * LEAF_WORDS;
    return left < LEAF_WORDS ? static_cast<u32>(left) : LEAF_WORDS;
}

// Word `at` of a leaf's message: of the prefix, of the value, of both where they meet, 0 behind its end.
__device__ inline u32 message_word(const Point& point, u64 leaf, u32 at) {
    const u32* value = point.values + leaf * LEAF_WORDS;
    u32 count = leaf_words(point, leaf), whole = point.prefix_bytes / 4, shift = point.prefix_bytes % 4 * 8;
    if (at > whole) {
        u32 behind = at - whole;
        u32 low = behind - 1 < count ? value[behind - 1] : 0, high = behind < count ? value[behind] : 0;
        return __funnelshift_l(low, high, shift);
    }
    u32 word = at == whole ? value[0] << shift : 0;
    for (u32 i = 0; i < 4 && 4 * at + i < point.prefix_bytes; i++) {
        word |= prefix_byte(point, leaf, 4 * at + i) << 8 * i;
    }
    return word;
}

// The hash of a message of at most two chunks; zeros lie behind it up to a whole block.
__device__ inline Hash hash_message(const u32* message, u32 bytes) {
    u32 blocks = (bytes + 4 * BLOCK_WORDS - 1) / (4 * BLOCK_WORDS), chunk_blocks = CHUNK_WORDS / BLOCK_WORDS;
    bool whole = blocks <= chunk_blocks;
    Hash h = initial(), left = h;
    // The step behind the blocks joins two chunks.
#pragma unroll 1
    for (u32 step = 0; step < blocks + !whole; step++) {
        u32 m[16], chunk = step / chunk_blocks, length = 4 * BLOCK_WORDS, flags = 0;
        if (step == blocks) {
#pragma unroll
            for (u32 i = 0; i < HASH_WORDS; i++) m[i] = left.words[i], m[i + HASH_WORDS] = h.words[i];
            h = initial();
            chunk = 0;
            flags = PARENT | ROOT;
        } else {
#pragma unroll
            for (u32 i = 0; i < BLOCK_WORDS; i++) m[i] = message[step * BLOCK_WORDS + i];
            if (step % chunk_blocks == 0) {
                left = h;
                h = initial();
                flags |= CHUNK_START;
            }
            if (step + 1 == blocks || (step + 1) % chunk_blocks == 0) flags |= CHUNK_END;
            if (step + 1 == blocks) {
                length = bytes - step * 4 * BLOCK_WORDS;
                if (whole) flags |= ROOT;
            }
        }
        compress(h, m, chunk, length, flags);
    }
    return h;
}

__device__ inline u64 wide(const u32* halves) { return halves[0] | static_cast<u64>(halves[1]) << 32; }

// Values of all units, as words; shares [units and points, SHARE_WORDS], in their prefixes zeros behind `prefix_bytes`;
// hashes [leaves of the pass, 8]. blockIdx.y: the share; there are blocks for the leaves of the one that has most.
KERNEL void hash_leaves(const u32* values, const u32* shares, u32 prefix_bytes, u32* hashes) {
    __shared__ u32 messages[LEAVES * STRIDE];
    const u32* share = shares + static_cast<u64>(blockIdx.y) * SHARE_WORDS;
    Point point{values + wide(share + FIRST_WORD), wide(share + WORDS), share, prefix_bytes};
    u64 leaves = (point.words + LEAF_WORDS - 1) / LEAF_WORDS, first = static_cast<u64>(blockIdx.x) * LEAVES;
    if (first >= leaves) return;
    u32 here = leaves - first < LEAVES ? static_cast<u32>(leaves - first) : LEAVES;
    for (u32 i = 0; i < here; i++) {
        for (u32 at = threadIdx.x; at < MESSAGE_WORDS; at += LEAVES) {
            messages[i * STRIDE + at] = message_word(point, first + i, at);
        }
    }
    __syncthreads();
    if (threadIdx.x >= here) return;
    u64 leaf = first + threadIdx.x;
    Hash h = hash_message(messages + threadIdx.x * STRIDE, prefix_bytes + 4 * leaf_words(point, leaf));
    u32* out = hashes + (share[FIRST_LEAF] + leaf) * HASH_WORDS;
#pragma unroll
    for (u32 i = 0; i < HASH_WORDS; i++) out[i] = h.words[i];
}

// ---- Whole tensors ----

// Threads of a block, one for each chunk.
constexpr u32 CHUNKS = 128;
// What a warp has of its chunks in shared memory, a block of each at a time: rows an odd number of words apart.
constexpr u32 ROW = BLOCK_WORDS + 1;
// Nodes that a block joins at most, and threads of it.
constexpr u32 NODES = 512;
constexpr u32 JOINING = NODES / 2;

// values [chunks, 8]: the chaining value of each chunk of `count` words, the hash of them all where that is one chunk.
// Nothing is a chunk too.
KERNEL void hash_chunks(const u32* words, u64 count, u32* values) {
    __shared__ u32 rows[CHUNKS * ROW];
    u32 lane = threadIdx.x % WARP;
    u32* own = rows + (threadIdx.x - lane) * ROW;
    u64 chunks = count ? (count + CHUNK_WORDS - 1) / CHUNK_WORDS : 1;
    u64 first = static_cast<u64>(blockIdx.x) * CHUNKS + threadIdx.x - lane, chunk = first + lane;
    if (first >= chunks) return;
    u64 left = chunk < chunks ? count - chunk * CHUNK_WORDS : 0;
    u32 length = left < CHUNK_WORDS ? static_cast<u32>(left) : CHUNK_WORDS;
    u32 blocks = length ? (length + BLOCK_WORDS - 1) / BLOCK_WORDS : 1;
    Hash h = initial();
#pragma unroll 1
    for (u32 block = 0; block < CHUNK_WORDS / BLOCK_WORDS; block++) {
        // The last block has been read.
        __syncwarp();
#pragma unroll
        for (u32 i = 0; i < BLOCK_WORDS; i++) {
            u32 row = i * (WARP / BLOCK_WORDS) + lane / BLOCK_WORDS, at = lane % BLOCK_WORDS;
            u64 word = (first + row) * CHUNK_WORDS + block * BLOCK_WORDS + at;
            own[row * ROW + at] = word < count ? words[word] : 0;
        }
        __syncwarp();
        if (chunk >= chunks || block >= blocks) continue;
        u32 m[16], bytes = 4 * BLOCK_WORDS, flags = block == 0 ? CHUNK_START : 0;
#pragma unroll
        for (u32 i = 0; i < BLOCK_WORDS; i++) m[i] = own[lane * ROW + i];
        if (block + 1 == blocks) {
            bytes = 4 * (length - block * BLOCK_WORDS);
            flags |= chunks == 1 ? CHUNK_END | ROOT : CHUNK_END;
        }
        compress(h, m, static_cast<u32>(chunk), bytes, flags);
    }
    if (chunk >= chunks) return;
#pragma unroll
    for (u32 i = 0; i < HASH_WORDS; i++) values[chunk * HASH_WORDS + i] = h.words[i];
}

// above [⌈count/joined⌉, 8]: what each `joined` of `count` nodes become, level by level, where the odd one out moves up
// as it is: the root where all are joined. `joined`: a power of two, 2 to NODES. A block for each node above.
KERNEL void hash_parents(const u32* values, u64 count, u32 joined, u32* above) {
    // Word by word, so that lanes meet different banks.
    __shared__ u32 nodes[HASH_WORDS][NODES + 1];
    u64 first = static_cast<u64>(blockIdx.x) * joined;
    u32 here = count - first < joined ? static_cast<u32>(count - first) : joined;
    for (u32 i = threadIdx.x; i < here * HASH_WORDS; i += JOINING) {
        nodes[i % HASH_WORDS][i / HASH_WORDS] = values[first * HASH_WORDS + i];
    }
    __syncthreads();
#pragma unroll 1
    while (here > 1) {
        u32 pairs = here / 2, node = threadIdx.x;
        Hash h = initial();
        if (node < pairs) {
            u32 m[16], flags = here == 2 && gridDim.x == 1 ? PARENT | ROOT : PARENT;
#pragma unroll
            for (u32 i = 0; i < HASH_WORDS; i++) {
                m[i] = nodes[i][2 * node];
                m[i + HASH_WORDS] = nodes[i][2 * node + 1];
            }
            compress(h, m, 0, 4 * BLOCK_WORDS, flags);
        } else if (node == pairs && here % 2 == 1) {
#pragma unroll
            for (u32 i = 0; i < HASH_WORDS; i++) h.words[i] = nodes[i][2 * node];
        }
        here = pairs + here % 2;
        __syncthreads();
        if (node < here) {
#pragma unroll
            for (u32 i = 0; i < HASH_WORDS; i++) nodes[i][node] = h.words[i];
        }
        __syncthreads();
    }
    if (threadIdx.x < HASH_WORDS) above[blockIdx.x * static_cast<u64>(HASH_WORDS) + threadIdx.x] = nodes[threadIdx.x][0];
}

// ---- Subtrees of a trace's tree ----

// The node over two others: of 65 bytes, a block and a byte, so each word is a byte further than in its hash.
__device__ inline Hash join(const u32* left, const u32* right) {
    u32 m[BLOCK_WORDS], before = 1u << 24;
#pragma unroll
    for (u32 i = 0; i < BLOCK_WORDS; i++) {
        u32 word = i < HASH_WORDS ? left[i] : right[i - HASH_WORDS];
        m[i] = __funnelshift_l(before, word, 8);
        before = word;
    }
    Hash h = initial();
    compress(h, m, 0, 4 * BLOCK_WORDS, CHUNK_START);
#pragma unroll
    for (u32 i = 0; i < BLOCK_WORDS; i++) m[i] = i == 0 ? before >> 24 : 0;
    compress(h, m, 0, 1, CHUNK_END | ROOT);
    return h;
}

// What a tree takes of leaves [count, 8], before which the run has *earlier others (modulo SUBTREE: it is another
// number in each pass): out has [SUBTREE, 8] leaves before the first full subtree, [SUBTREE, 8] leaves behind the last
// one, and the roots of full subtrees. Blocks 0 and 1 copy leaves; each of the others has a subtree, if there are so many.
KERNEL void hash_subtrees(const u32* leaves, u32 count, const u32* earlier, u32* out) {
    __shared__ u32 nodes[SUBTREE * NODE_STRIDE];
    u32 to_first = (SUBTREE - *earlier % SUBTREE) % SUBTREE, head = to_first < count ? to_first : count;
    u32 full = (count - head) / SUBTREE;
    if (blockIdx.x < 2) {
        u32 skipped = blockIdx.x == 0 ? 0 : head + full * SUBTREE;
        u32 words = (blockIdx.x == 0 ? head : count - skipped) * HASH_WORDS;
        const u32* from = leaves + static_cast<u64>(skipped) * HASH_WORDS;
        for (u32 i = threadIdx.x; i < words; i += PAIRS) out[blockIdx.x * SUBTREE * HASH_WORDS + i] = from[i];
        return;
    }
    u32 subtree = blockIdx.x - 2;
    if (subtree >= full) return;
    const u32* own = leaves + (head + static_cast<u64>(subtree) * SUBTREE) * HASH_WORDS;
    for (u32 i = threadIdx.x; i < SUBTREE * HASH_WORDS; i += PAIRS) {
        nodes[i / HASH_WORDS * NODE_STRIDE + i % HASH_WORDS] = own[i];
    }
    __syncthreads();
#pragma unroll 1
    for (u32 width = PAIRS; width > 0; width /= 2) {
        Hash node = initial();
        const u32* pair = nodes + 2 * threadIdx.x * NODE_STRIDE;
        if (threadIdx.x < width) node = join(pair, pair + NODE_STRIDE);
        // All have read a level before any of it is overwritten.
        __syncthreads();
        if (threadIdx.x < width) {
#pragma unroll
            for (u32 i = 0; i < HASH_WORDS; i++) nodes[threadIdx.x * NODE_STRIDE + i] = node.words[i];
        }
        __syncthreads();
    }
    u32* root = out + (2 * SUBTREE + static_cast<u64>(subtree)) * HASH_WORDS;
    if (threadIdx.x < HASH_WORDS) root[threadIdx.x] = nodes[threadIdx.x];
}
