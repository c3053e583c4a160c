"""What the pump needs from Linux: its declarations, and socket addresses in the system's own shape."""

cdef extern from "<errno.h>" nogil:
    int errno
    int EAGAIN
    int EINTR

cdef extern from "<sys/uio.h>" nogil:
    struct iovec:
        void* iov_base
        size_t iov_len

cdef extern from "<netinet/in.h>" nogil:
    int AF_INET
    int AF_INET6
    struct in_addr:
        uint32_t s_addr
    struct in6_addr:
        uint8_t s6_addr[16]
    struct sockaddr_in:
        uint16_t sin_family
        uint16_t sin_port
        in_addr sin_addr
    struct sockaddr_in6:
        uint16_t sin6_family
        uint16_t sin6_port
        uint32_t sin6_flowinfo
        in6_addr sin6_addr
        uint32_t sin6_scope_id
    uint16_t htons(uint16_t)
    uint16_t ntohs(uint16_t)
    uint32_t htonl(uint32_t)
    uint32_t ntohl(uint32_t)

cdef extern from "<netinet/udp.h>" nogil:
    int SOL_UDP
    int UDP_SEGMENT

cdef extern from "<arpa/inet.h>" nogil:
    int inet_pton(int, const char*, void*)
    const char* inet_ntop(int, const void*, char*, uint32_t)

cdef extern from "<sys/socket.h>" nogil:
    struct msghdr:
        void* msg_name
        uint32_t msg_namelen
        iovec* msg_iov
        size_t msg_iovlen
        void* msg_control
        size_t msg_controllen
        int msg_flags
    struct cmsghdr:
        size_t cmsg_len
        int cmsg_level
        int cmsg_type
    size_t CMSG_LEN(size_t)
    size_t CMSG_SPACE(size_t)
    unsigned char* CMSG_DATA(cmsghdr*)
    # Linux only; Python.h has defined _GNU_SOURCE.
    struct mmsghdr:
        msghdr msg_hdr
        unsigned int msg_len
    int recvmmsg(int, mmsghdr*, unsigned int, int, void*)
    int sendmmsg(int, mmsghdr*, unsigned int, int)

cdef extern from "<unistd.h>" nogil:
    ssize_t read(int, void*, size_t)
    int close(int)

cdef extern from "<time.h>" nogil:
    int CLOCK_MONOTONIC
    struct timespec:
        long tv_sec
        long tv_nsec
    int clock_gettime(int, timespec*)

cdef extern from "<sys/timerfd.h>" nogil:
    int TFD_NONBLOCK
    int TFD_CLOEXEC
    struct itimerspec:
        timespec it_interval
        timespec it_value
    int timerfd_create(int, int)
    int timerfd_settime(int, int, const itimerspec*, itimerspec*)

cdef enum:
    ADDRESS_BYTES = 28


cdef int pack_address(object address, uint8_t* raw) except -1:
    """Write a socket's address tuple as the system's structure; its size, 0 when it is no numeric address."""
    cdef sockaddr_in* four = <sockaddr_in*>raw
    cdef sockaddr_in6* six = <sockaddr_in6*>raw
    cdef bytes host = address[0].partition("%")[0].encode("ascii", "replace")
    memset(raw, 0, ADDRESS_BYTES)
    if len(address) == 2:
        four.sin_family = <uint16_t>AF_INET
        four.sin_port = htons(<uint16_t><int>address[1])
        return <int>sizeof(sockaddr_in) if inet_pton(AF_INET, host, &four.sin_addr) == 1 else 0
    six.sin6_family = <uint16_t>AF_INET6
    six.sin6_port = htons(<uint16_t><int>address[1])
    six.sin6_flowinfo = htonl(<uint32_t>address[2])
    six.sin6_scope_id = <uint32_t>address[3]
    return <int>sizeof(sockaddr_in6) if inet_pton(AF_INET6, host, &six.sin6_addr) == 1 else 0


cdef object unpack_address(uint8_t* raw):
    """The same address as the socket module says it."""
    cdef char text[64]
    cdef sockaddr_in* four = <sockaddr_in*>raw
    cdef sockaddr_in6* six = <sockaddr_in6*>raw
    if four.sin_family == AF_INET:
        inet_ntop(AF_INET, &four.sin_addr, text, 64)
        return (<bytes>text).decode("ascii"), ntohs(four.sin_port)
    inet_ntop(AF_INET6, &six.sin6_addr, text, 64)
    return (<bytes>text).decode("ascii"), ntohs(six.sin6_port), ntohl(six.sin6_flowinfo), six.sin6_scope_id
