# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The steady case of a packet, compiled: read, authenticate, rewrite, seal, send.

The pump does what `media.inbound.Inbound.receive` and `media.track.Track.forward` do, for packets to which nothing
happens: a known sender, a known stream, the next sequence number, routes that have begun. Whatever is out of
the ordinary goes to them. So the Python code is the reference, and all there is where this module was not
built; tests hold the two against each other.

It exists because a relay wakes up cold: a few packets at a time, on a processor that did other things since.
Then the interpreter costs three times what it costs in a loop, and most of the packet's price.

The state lies in the base classes below (`media.bases` says what each field means), so both sides see the same.
"""

from cpython.bytes cimport PyBytes_FromStringAndSize
from cpython.dict cimport PyDict_GetItem
from cpython.list cimport PyList_Append
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from cpython.object cimport PyObject
from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t, uintptr_t
from libc.string cimport memcmp, memcpy, memset

include "_system.pxi"

ctypedef int (*transform)(void*, void*, int*) noexcept nogil

EDITION = 3
"""See `media.bases.EDITION`."""

cdef enum:
    BATCH = 64
    # Copies for all but the last subscriber; when they are used up, what is queued goes out first.
    COPIES = 64
    QUEUE = 128
    BOX_BYTES = 2048
    MAX_PACKET = 1600
    RING = 256
    TYPES = 128
    # `media.liveness.STALE_MS`, `media.inbound.FEEDBACK_MS` and `media.bandwidth.MAX_REPORTED`.
    STALE_MS = 100
    FEEDBACK_MS = 100
    MAX_REPORTED = 400
    # What RTCP may take, so that it fits into a box with what SRTCP adds.
    MAX_CONTROL = 1_900
    # The kernel's own limits on a datagram that it cuts.
    MAX_SEGMENTS = 64
    MAX_DATAGRAM = 65_000


SHARED = {
    "BATCH": BATCH, "BOX_BYTES": BOX_BYTES, "MAX_PACKET": MAX_PACKET, "RING": RING, "STALE_MS": STALE_MS,
    "FEEDBACK_MS": FEEDBACK_MS, "MAX_REPORTED": MAX_REPORTED,
}
"""What Python has numbers of its own for; tests hold them against these."""

include "_bases.pxi"


def same_address(address):
    """The address after a journey through the system's structure; for tests."""
    cdef uint8_t raw[ADDRESS_BYTES]
    return unpack_address(raw) if pack_address(address, raw) else None


cdef inline bint follows(int seq, int before) noexcept nogil:
    """Whether `seq` is the next number after `before`, which is negative when there is none."""
    return seq == before + 1 if seq else before == 0xFFFF


cdef inline uint32_t word(const uint8_t* at) noexcept nogil:
    return <uint32_t>at[0] << 24 | <uint32_t>at[1] << 16 | <uint32_t>at[2] << 8 | at[3]


cdef inline void put_word(uint8_t* at, uint32_t value) noexcept nogil:
    at[0] = <uint8_t>(value >> 24)
    at[1] = <uint8_t>(value >> 16)
    at[2] = <uint8_t>(value >> 8)
    at[3] = <uint8_t>value


cdef inline int clock(StreamBase stream, int64_t rate, int64_t ticks, uint32_t ts) except -1:
    """`Stream.clock`."""
    cdef uint32_t transit = <uint32_t>(ticks * rate // 4_000) - ts, step
    if stream.transit >= 0:
        step = transit - <uint32_t>stream.transit
        if step >= 0x80000000:
            step = 0 - step
        if step < 5 * rate:
            stream.jitter += step - (stream.jitter + 8 >> 4)
    stream.transit = transit
    return 0


cdef int strip(uint8_t* view, int size, TrackBase track, list pending, int64_t ticks) except -1:
    """`Track.strip`."""
    cdef int at = 12 + 4 * (view[0] & 0x0F), end, slot = 0, cc_at = 0, head, length
    if at + 4 > size:
        return 0
    end = at + 4 + 4 * (view[at + 2] << 8 | view[at + 3])
    if end > size:
        return 0
    if view[at] != 0xBE or view[at + 1] != 0xDE:
        memset(view + at + 4, 0, end - at - 4)
        return 0
    at += 4
    while at < end:
        head = view[at]
        if not head:
            at += 1
        elif head == track.cc_head and at + 3 <= end:
            PyList_Append(pending, ticks << 16 | view[at + 1] << 8 | view[at + 2])
            cc_at = at
            at += 3
        elif head == track.time_head or head == track.level_head:
            slot = at
            at += (head & 0x0F) + 2
            if at > end:
                return 0
        else:
            length = min((head & 0x0F) + 2, end - at)
            memset(view + at, 0, length)
            at += length
    if cc_at:
        if not slot and cc_at + 3 < end and not view[cc_at + 3]:
            return cc_at
        view[cc_at] = view[cc_at + 1] = view[cc_at + 2] = 0
    return slot


cdef class WireBase:
    """See `media.bases` and the module. The boxes are writable buffers of `BOX_BYTES` each.

    The four functions of `equip` are the addresses of libsrtp's, 0 without them (then nothing here must be called).
    """

    cdef public StallBase stall
    cdef public int64_t arrived
    cdef public int batches
    cdef public object on_rest
    cdef public object on_stale
    cdef int64_t anchor_ms
    cdef int64_t anchor_ns
    cdef int timer
    cdef bint gathers
    cdef public int64_t stamp_ms
    cdef public int64_t ticks
    cdef public uint32_t send_time
    cdef public bint fresh
    cdef public object inbox
    cdef public list queue
    cdef public object counters
    cdef int fd
    cdef tuple boxes_kept
    cdef tuple views_kept
    cdef uint8_t* box_at[BATCH]
    cdef uint8_t* copies
    cdef bytearray copies_kept
    cdef int copies_used
    cdef transform protect
    cdef transform unprotect
    cdef transform protect_rtcp
    cdef transform unprotect_rtcp
    cdef dict ways
    cdef mmsghdr coming[BATCH]
    cdef iovec arrived_part[BATCH]
    cdef uint8_t arrived_from[BATCH][ADDRESS_BYTES]
    cdef mmsghdr leaving[QUEUE]
    cdef iovec leaving_part[QUEUE]
    cdef uint8_t leaving_to[QUEUE][ADDRESS_BYTES]
    cdef uint32_t leaving_size[QUEUE]
    cdef int group_first[QUEUE + 1]
    cdef uint64_t notes[QUEUE][4]
    cdef public bint segments
    cdef int leaving_count
    cdef bint together

    def __cinit__(self):
        self.ways = {}
        self.fd = self.timer = -1
        self.fresh = True
        self.segments = True
        self.batches = 1

    def __dealloc__(self):
        if self.timer >= 0:
            close(self.timer)

    def equip(
        self, boxes, uintptr_t protect, uintptr_t unprotect, uintptr_t protect_rtcp, uintptr_t unprotect_rtcp
    ):
        """Use these boxes (each with a writable `view`) and these functions of libsrtp."""
        cdef uint8_t[::1] view
        cdef int index
        if len(boxes) != BATCH:
            raise ValueError("as many boxes as a batch has packets")
        self.boxes_kept = tuple(boxes)
        self.views_kept = tuple(box.view for box in boxes)
        for index in range(BATCH):
            view = self.views_kept[index]
            if view.shape[0] < BOX_BYTES:
                raise ValueError("a box is too small")
            self.box_at[index] = &view[0]
            self.arrived_part[index].iov_base = self.box_at[index]
            self.arrived_part[index].iov_len = BOX_BYTES
            self.coming[index].msg_hdr.msg_iov = &self.arrived_part[index]
            self.coming[index].msg_hdr.msg_iovlen = 1
            self.coming[index].msg_hdr.msg_name = self.arrived_from[index]
        self.copies_kept = bytearray(COPIES * BOX_BYTES)
        view = self.copies_kept
        self.copies = &view[0]
        self.protect = <transform>protect
        self.unprotect = <transform>unprotect
        self.protect_rtcp = <transform>protect_rtcp
        self.unprotect_rtcp = <transform>unprotect_rtcp

    def connect(self, int fd):
        """Read from and write to this socket; -1: none."""
        self.fd = fd

    def learn(self, address, PathBase way not None):
        """Datagrams from `address` are this peer's."""
        cdef uint8_t raw[ADDRESS_BYTES]
        cdef int size = pack_address(address, raw)
        if size:
            self.ways[PyBytes_FromStringAndSize(<char*>raw, size)] = way

    def forget(self, address):
        """They are nobody's."""
        cdef uint8_t raw[ADDRESS_BYTES]
        cdef int size = pack_address(address, raw)
        self.ways.pop(PyBytes_FromStringAndSize(<char*>raw, size), None)

    def set_instant(self, int64_t stamp_ms, int64_t now_ns, bint fresh=True):
        """See `media.wire.Wire.set_instant`."""
        self.stamp_ms = stamp_ms
        self.fresh = fresh
        self.tell(now_ns)

    cdef void tell(self, int64_t now_ns) noexcept:
        self.ticks = now_ns // 250_000
        # Seconds and fraction apart, so that the shift does not overflow.
        self.send_time = <uint32_t>(
            (now_ns // 1_000_000_000 << 18) + ((now_ns % 1_000_000_000 << 18) // 1_000_000_000)
        ) & 0xFFFFFF

    def anchor(self, int64_t now_ms, int64_t now_ns):
        """The two clocks at one moment: until the next, `pulse` reckons the first by the second."""
        self.anchor_ms, self.anchor_ns = now_ms, now_ns

    def gather(self, int pause_ms):
        """From now on let what arrives gather for so long, 0 not at all. Returns what the loop has to watch.

        A timer of the kernel that goes on by itself costs less at each ring than one that the loop sets anew.
        """
        cdef itimerspec setting
        if self.timer < 0:
            self.timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)
            if self.timer < 0:
                raise OSError(errno, "no timer")
        memset(&setting, 0, sizeof(setting))
        setting.it_interval.tv_sec, setting.it_interval.tv_nsec = pause_ms // 1_000, pause_ms % 1_000 * 1_000_000
        setting.it_value = setting.it_interval
        if timerfd_settime(self.timer, 0, &setting, NULL):
            raise OSError(errno, "no timer")
        self.gathers = pause_ms > 0
        return self.timer

    def pulse(self):
        """For the loop to call: read what has come and forward it. Whatever is not steady goes to Python.

        `on_rest` gets the datagrams that are left; `on_stale` is called when this process stood still.
        """
        cdef timespec now
        cdef uint64_t rings
        cdef int64_t now_ns, now_ms
        if self.gathers:
            read(self.timer, &rings, sizeof(rings))
        clock_gettime(CLOCK_MONOTONIC, &now)
        now_ns = <int64_t>now.tv_sec * 1_000_000_000 + now.tv_nsec
        now_ms = self.anchor_ms + (now_ns - self.anchor_ns) // 1_000_000
        if self.stall.backlog or now_ms - self.stall.woke_ms > STALE_MS:
            self.on_stale()
            return
        self.stall.woke_ms = self.stamp_ms = now_ms
        self.fresh = True
        self.tell(now_ns)
        self.empty(self.batches)

    def drain(self, int batches):
        """Read so many batches, or as long as there is something."""
        self.empty(batches)

    cdef int empty(self, int batches) except -1:
        cdef int count
        cdef list rest
        cdef bint within = self.together
        self.together = True
        try:
            while batches > 0:
                batches -= 1
                rest = self.run(&count)
                if rest is not None:
                    self.on_rest(rest)
                if self.queue:
                    self.flush()
                self.arrived += count
                if count < BATCH:
                    break
        finally:
            self.together = within
            if self.leaving_count and not within:
                self.flush_leaving()
        return 0

    def sweep(self, list inbounds not None, int64_t now_ms):
        """`Inbound.sweep` where all is steady. Returns the others, whose turn with Python it is."""
        cdef list rest = []
        cdef InboundBase inbound
        self.together = True
        try:
            for inbound in inbounds:
                if troubled(inbound.tracks):
                    rest.append(inbound)
                elif inbound.log.pending and now_ms - inbound.log.flushed_ms >= FEEDBACK_MS:
                    if not self.feed_back(inbound, now_ms):
                        rest.append(inbound)
        finally:
            self.together = False
            if self.leaving_count:
                self.flush_leaving()
        return rest

    def send_control(self, OutboundBase out not None, bytes packet not None):
        """Protect an RTCP packet and send it: at the end of the pulse or sweep, at once outside of both."""
        cdef int size = <int>len(packet)
        cdef uint8_t* box
        if size > MAX_CONTROL:
            raise ValueError("more RTCP than a datagram holds")
        if not out.context_at or not out.raw_size:
            return
        box = self.copy_box()
        memcpy(box, <const char*>packet, size)
        self.seal_control(out, box, size)

    cdef uint8_t* copy_box(self) except NULL:
        if self.copies_used == COPIES or self.leaving_count == QUEUE:
            self.flush_leaving()
        return self.copies + self.copies_used * BOX_BYTES

    cdef int seal_control(self, OutboundBase out, uint8_t* box, int size) except -1:
        """Protect the RTCP packet in the box that `copy_box` gave, and queue it."""
        if self.protect_rtcp(<void*>out.context_at, box, &size):
            self.counters.drop_protect += 1
            return 0
        self.copies_used += 1
        self.leave(box, size, out)
        out.packets += 1
        out.bytes += size
        if not self.together:
            self.flush_leaving()
        return 0

    cdef void leave(self, uint8_t* box, int size, OutboundBase out) noexcept:
        self.leaving_part[self.leaving_count].iov_base = box
        self.leaving_part[self.leaving_count].iov_len = size
        memcpy(self.leaving_to[self.leaving_count], out.raw, ADDRESS_BYTES)
        self.leaving_size[self.leaving_count] = out.raw_size
        self.leaving_count += 1

    cdef bint feed_back(self, InboundBase inbound, int64_t now_ms) except -1:
        """Report the arrivals in `inbound.log` when none is missing; False leaves them untouched for Python.

        `media.rtcp.transport_feedback` in its simplest form: one run of packets, a byte for each step in time.
        """
        cdef LogBase log = inbound.log
        cdef OutboundBase out = inbound.out
        cdef list pending = log.pending
        cdef Py_ssize_t index, count = len(pending)
        cdef int64_t item, ticks, before, step, first
        cdef int64_t expected = log.expected
        cdef int size = 22 + <int>count, padding = -size & 3
        cdef uint8_t* box
        if count > MAX_REPORTED or not out.context_at or not out.raw_size:
            return False
        first = pending[0]
        if expected < 0:
            expected = first & 0xFFFF
        before = first >> 24 << 8
        box = self.copy_box()
        for index in range(count):
            item = pending[index]
            ticks = item >> 16
            step = ticks - before
            if (item & 0xFFFF) != ((expected + index) & 0xFFFF) or step < 0 or step > 255:
                return False
            box[22 + index] = <uint8_t>step
            before = ticks
        box[0] = 0x8F | (0x20 if padding else 0)
        box[1] = 205
        box[2] = 0
        box[3] = <uint8_t>((size + padding) // 4 - 1)
        put_word(box + 4, out.ssrc)
        put_word(box + 8, reported_ssrc(inbound.tracks))
        put_word(box + 12, <uint32_t>(expected & 0xFFFF) << 16 | <uint32_t>count)
        put_word(box + 16, <uint32_t>((first >> 24) & 0xFFFFFF) << 8 | log.serial)
        box[20] = <uint8_t>(0x20 | count >> 8)
        box[21] = <uint8_t>count
        memset(box + size, 0, padding)
        if padding:
            box[size + padding - 1] = <uint8_t>padding
        pending.clear()
        log.expected = expected + count
        log.serial += 1
        log.flushed_ms = now_ms
        self.seal_control(out, box, size + padding)
        return True

    cdef list run(self, int* read):
        """Read a batch and forward what is steady. `read` is how many datagrams came; returns those for Python.

        They are as `media.wire.Wire.receive` gives them; their boxes are good until the next call.
        """
        cdef int count, index, size, before_size = 0, before = -1
        cdef uint8_t* raw
        cdef PyObject* found = NULL
        cdef list rest = None
        cdef object stamp = self.stamp_ms
        cdef PathBase way = None
        for index in range(BATCH):
            self.coming[index].msg_hdr.msg_namelen = ADDRESS_BYTES
        while True:
            count = recvmmsg(self.fd, self.coming, BATCH, 0, NULL)
            # An ICMP error of some earlier datagram is reported here once; it concerns no one in particular.
            if count >= 0 or errno != EINTR:
                break
        read[0] = max(count, 0)
        for index in range(count):
            raw = self.arrived_from[index]
            size = <int>self.coming[index].msg_hdr.msg_namelen
            if size > ADDRESS_BYTES:
                continue
            if before < 0 or size != before_size or memcmp(raw, self.arrived_from[before], size):
                if (<sockaddr_in*>raw).sin_family == AF_INET:
                    memset(raw + 8, 0, ADDRESS_BYTES - 8)
                found = PyDict_GetItem(self.ways, PyBytes_FromStringAndSize(<char*>raw, size))
                way = None if found is NULL else <PathBase><object>found
                before, before_size = index, size
            if way is None or not self.take(index, <int>self.coming[index].msg_len, way, stamp):
                if rest is None:
                    rest = []
                rest.append((self.boxes_kept[index], <int>self.coming[index].msg_len, unpack_address(raw)))
        if self.leaving_count:
            self.flush_leaving()
        return rest

    cdef bint take(self, int index, int size, PathBase way, object stamp) except -1:
        """Handle one RTP or RTCP packet; False leaves it untouched for Python."""
        cdef uint8_t* view = self.box_at[index]
        cdef InboundBase inbound = way.inbound
        cdef StreamBase stream
        cdef TrackBase track
        cdef LifeBase live
        cdef PyObject* found
        cdef uint32_t ssrc
        cdef int status, seq, slot = 0
        if size < 12 or size > MAX_PACKET or view[0] & 0xC0 != 0x80:
            return False
        if inbound is None or not inbound.context_at:
            return False
        if 192 <= view[1] < 224:
            self.take_control(view, size, way, stamp)
            return True
        if not way.selected:
            return False
        ssrc = word(view + 8)
        stream = inbound.recent
        if stream is None or stream.ssrc != ssrc:
            found = PyDict_GetItem(inbound.streams, ssrc)
            if found is NULL:
                # At once, because what comes after it may depend on what it changes.
                self.inbox = self.boxes_kept[index]
                inbound.receive(size)
                self.give_way()
                return True
            stream = inbound.recent = <StreamBase><object>found
        if stream.track is None or inbound.live is None:
            return False
        status = self.unprotect(<void*>inbound.context_at, view, &size)
        if status:
            inbound.refuse(status)
            return True
        live = inbound.live
        live.heard_ms = stamp
        if live.watch and self.fresh:
            live.listen(stamp)
            live.media(stamp)
        track = stream.track
        seq = view[2] << 8 | view[3]
        if stream.repairs is not None or not follows(seq, stream.max_seq) or not begun(track.routes):
            self.inbox = self.boxes_kept[index]
            inbound.accept(stream, size)
            self.give_way()
            return True
        if view[0] & 0x10:
            slot = strip(view, size, track, inbound.pending, self.ticks)
        stream.packets += 1
        stream.bytes += size
        if not seq:
            stream.cycles += 65_536
        stream.max_seq = seq
        stream.last_ts = word(view + 4)
        if self.fresh:
            clock(stream, track.clock_rate, self.ticks, stream.last_ts)
        if track.routes:
            if track.ring is not None:
                track.ring.put(seq, view, size)
            self.forward(view, size, slot, track)
        return True

    cdef int take_control(self, uint8_t* view, int size, PathBase way, object stamp) except -1:
        """`Inbound.receive_rtcp`, and what was said goes to `Peer.take_rtcp`."""
        cdef InboundBase inbound = way.inbound
        cdef LifeBase live = inbound.live
        cdef int plain = size
        if self.unprotect_rtcp(<void*>inbound.context_at, view, &plain):
            self.counters.drop_srtcp += 1
            return 0
        live.heard_ms = stamp
        if live.watch and self.fresh:
            live.listen(stamp)
            live.media(stamp)
        inbound.packets += 1
        inbound.bytes += size
        way.peer.take_rtcp(PyBytes_FromStringAndSize(<char*>view, plain))
        return 0

    cdef int give_way(self) except -1:
        """Python may have queued packets: send what came before them, and them, so that the order is kept."""
        if self.queue:
            if self.leaving_count:
                self.flush_leaving()
            self.flush()
        return 0

    cdef int forward(self, uint8_t* view, int size, int slot, TrackBase track) except -1:
        """`Track.forward`, for routes that have begun."""
        cdef RouteBase route
        cdef OutboundBase out
        cdef tuple routes = track.routes
        cdef int last = <int>len(routes) - 1, index, sealed
        cdef uint8_t second = view[1], payload_type
        cdef uint16_t seq = <uint16_t>(view[2] << 8 | view[3])
        cdef uint32_t ts = word(view + 4)
        cdef uint8_t* box
        for index in range(last + 1):
            route = <RouteBase>routes[index]
            out = route.out
            if out is None or not out.context_at or not out.raw_size or len(route.types) != TYPES:
                continue
            payload_type = (<const uint8_t*><const char*>route.types)[second & 0x7F]
            if not payload_type:
                self.counters.drop_no_codec += 1
                continue
            if self.leaving_count == QUEUE or (index < last and self.copies_used == COPIES):
                self.flush_leaving()
            box = view
            if index < last:
                # The last route may spoil the packet in place; the others work on a copy.
                box = self.copies + self.copies_used * BOX_BYTES
                memcpy(box, view, size)
            box[1] = (second & 0x80) | payload_type
            box[2] = <uint8_t>((seq + route.seq_shift) >> 8)
            box[3] = <uint8_t>(seq + route.seq_shift)
            put_word(box + 4, ts + route.ts_shift)
            put_word(box + 8, route.ssrc)
            if slot:
                if track.ring is not None:
                    put_word(box + slot, route.time_head | self.send_time if route.time_head else 0)
                elif route.level_head:
                    box[slot] = <uint8_t>route.level_head
                else:
                    box[slot] = box[slot + 1] = 0
            sealed = size
            if self.protect(<void*>out.context_at, box, &sealed):
                self.counters.drop_protect += 1
                continue
            if index < last:
                self.copies_used += 1
            self.leave(box, sealed, out)
            route.packets += 1
            route.bytes += size
        return 0

    cdef int flush_leaving(self) except -1:
        """Send what is queued. What the system refuses is lost, which UDP must bear, and counted.

        A frame's packets go to one address and have one size but for the last: the kernel takes them as one and
        cuts them apart behind the routing (UDP_SEGMENT, udp(7)), which is cheaper than one journey for each.
        """
        cdef int first = 0, groups = 0, sent = 0, done
        while first < self.leaving_count:
            done = self.group(first, groups)
            self.group_first[groups] = first
            first += done
            groups += 1
        self.group_first[groups] = first
        while sent < groups:
            done = sendmmsg(self.fd, self.leaving + sent, groups - sent, 0)
            if done > 0:
                sent += done
            elif errno == EINTR:
                continue
            elif self.leaving[sent].msg_hdr.msg_controllen and errno != EAGAIN:
                # Not every kernel and device can cut; then each packet goes by itself, now and from now on.
                self.segments = False
                self.restart(self.group_first[sent])
                return self.flush_leaving()
            else:
                self.counters.drop_send += self.group_first[sent + 1] - self.group_first[sent]
                sent += 1
        self.leaving_count = self.copies_used = 0
        return 0

    cdef int group(self, int first, int index) except -1:
        """Make message `index` of the packets from `first` on that can go together; how many they are."""
        cdef msghdr* message = &self.leaving[index].msg_hdr
        cdef size_t size = self.leaving_part[first].iov_len, total = size, length
        cdef int count = 1
        cdef cmsghdr* note
        while self.segments and first + count < self.leaving_count and count < MAX_SEGMENTS:
            length = self.leaving_part[first + count].iov_len
            if length > size or total + length > MAX_DATAGRAM:
                break
            if memcmp(self.leaving_to[first], self.leaving_to[first + count], ADDRESS_BYTES):
                break
            total += length
            count += 1
            if length < size:
                break
        message.msg_name = self.leaving_to[first]
        message.msg_namelen = self.leaving_size[first]
        message.msg_iov = &self.leaving_part[first]
        message.msg_iovlen = count
        message.msg_control = NULL
        message.msg_controllen = 0
        if count > 1:
            note = <cmsghdr*>self.notes[index]
            note.cmsg_level = SOL_UDP
            note.cmsg_type = UDP_SEGMENT
            note.cmsg_len = CMSG_LEN(sizeof(uint16_t))
            (<uint16_t*>CMSG_DATA(note))[0] = <uint16_t>size
            message.msg_control = note
            message.msg_controllen = CMSG_SPACE(sizeof(uint16_t))
        return count

    cdef int restart(self, int first) except -1:
        """Move the packets from `first` on to the front of the queue."""
        cdef int index
        for index in range(first, self.leaving_count):
            self.leaving_part[index - first] = self.leaving_part[index]
            self.leaving_size[index - first] = self.leaving_size[index]
            memcpy(self.leaving_to[index - first], self.leaving_to[index], ADDRESS_BYTES)
        self.leaving_count -= first
        return 0


cdef bint begun(tuple routes) except -1:
    """Whether no route waits for its beginning."""
    cdef int index
    for index in range(<int>len(routes)):
        if (<RouteBase>routes[index]).waiting:
            return False
    return True


cdef bint troubled(tuple tracks) except -1:
    """Whether something of them is missing or asked for."""
    cdef TrackBase track
    for track in tracks:
        if track.stream is not None and track.ring is not None and (
            track.key_frame_due or track.wanting or (track.stream.missing and track.routes)
        ):
            return True
    return False


cdef uint32_t reported_ssrc(tuple tracks) except? 0:
    """The stream that a report of arrivals names: any that counts them."""
    cdef TrackBase track
    for track in tracks:
        if track.stream is not None and track.cc_head:
            return track.stream.ssrc
    return 0
