"""The fields that Python and the pump share, as C structures; `media.bases` says what each means."""

cdef class LifeBase:
    """See `media.bases.LifeBase`."""
    cdef public object heard_ms
    cdef public bint watch


cdef class StallBase:
    """See `media.bases.StallBase`."""
    cdef public int64_t woke_ms
    cdef public bint backlog


cdef class OutboundBase:
    """See `media.bases.OutboundBase`."""
    cdef public object context
    cdef public uintptr_t context_at
    cdef public int overhead
    cdef public uint32_t ssrc
    cdef public int64_t packets
    cdef public int64_t bytes
    cdef object _address
    cdef uint8_t raw[ADDRESS_BYTES]
    cdef int raw_size

    @property
    def address(self):
        return self._address

    @address.setter
    def address(self, value):
        self.raw_size = pack_address(value, self.raw) if type(value) is tuple else 0
        self._address = value


cdef class RouteBase:
    """See `media.bases.RouteBase`."""
    cdef public OutboundBase out
    cdef public bytes types
    cdef public bint waiting
    cdef public uint32_t seq_shift
    cdef public uint32_t ts_shift
    cdef public uint32_t ssrc
    cdef public uint32_t time_head
    cdef public int level_head
    cdef public int64_t packets
    cdef public int64_t bytes


cdef class RingBase:
    """See `media.bases.RingBase`. A place keeps its memory for the next packet that fits into it."""
    cdef uint8_t* place[RING]
    cdef uint16_t size[RING]
    cdef uint16_t room[RING]

    def __dealloc__(self):
        cdef int index
        for index in range(RING):
            PyMem_Free(self.place[index])

    cdef int put(self, int seq, const uint8_t* packet, int size) except -1:
        cdef int index = seq & (RING - 1), room = size + 63 & ~63
        if size > self.room[index]:
            PyMem_Free(self.place[index])
            self.place[index] = NULL
            self.room[index] = self.size[index] = 0
            self.place[index] = <uint8_t*>PyMem_Malloc(room)
            if self.place[index] is NULL:
                raise MemoryError
            self.room[index] = <uint16_t>room
        memcpy(self.place[index], packet, size)
        self.size[index] = <uint16_t>size
        return 0

    def keep(self, int seq, packet):
        """See `media.bases.RingBase.keep`."""
        cdef bytes kept = bytes(packet)
        if not 4 <= len(kept) <= BOX_BYTES:
            raise ValueError("no packet")
        self.put(seq, kept, <int>len(kept))

    def recall(self, int seq):
        """See `media.bases.RingBase.recall`."""
        cdef int index = seq & (RING - 1)
        cdef uint8_t* packet = self.place[index]
        if not self.size[index] or (packet[2] << 8 | packet[3]) != seq:
            return None
        return PyBytes_FromStringAndSize(<char*>packet, self.size[index])


cdef class StreamBase


cdef class TrackBase:
    """See `media.bases.TrackBase`."""
    cdef public StreamBase stream
    cdef public bint key_frame_due
    cdef public bint wanting
    cdef public tuple routes
    cdef public RingBase ring
    cdef public int cc_head
    cdef public int time_head
    cdef public int level_head
    cdef public int64_t clock_rate


cdef class StreamBase:
    """See `media.bases.StreamBase`."""
    cdef public TrackBase track
    cdef public object repairs
    cdef public dict missing
    cdef public uint32_t ssrc
    cdef public int64_t packets
    cdef public int64_t bytes
    cdef public int max_seq
    cdef public int64_t cycles
    cdef public uint32_t last_ts
    cdef public int64_t jitter
    cdef public int64_t transit


cdef class LogBase:
    """See `media.bases.LogBase`."""
    cdef public list pending
    cdef public int64_t flushed_ms
    cdef public int64_t expected
    cdef public uint8_t serial


cdef class InboundBase:
    """See `media.bases.InboundBase`."""
    cdef public dict streams
    cdef public StreamBase recent
    cdef public int64_t packets
    cdef public int64_t bytes
    cdef public tuple tracks
    cdef public LifeBase live
    cdef public OutboundBase out
    cdef public LogBase log
    cdef public list pending
    cdef public uintptr_t context_at


cdef class PathBase:
    """See `media.bases.PathBase`."""
    cdef public InboundBase inbound
    cdef public object peer
    cdef public bint selected
