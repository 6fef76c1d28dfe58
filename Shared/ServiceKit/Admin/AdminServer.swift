import CLinux
import Foundation
import Glibc
import Synchronization

/// Answers an operator's HTTP requests on a port of its own: threads with blocking sockets, apart
/// from the event loops, so that it answers when they do not.
final class AdminServer: Sendable {
  /// Requests at one time; more connections are closed at once.
  static let maximumConnections = 16
  /// Time for a whole request, and again for its answer.
  static let timeoutMilliseconds: Int32 = 5_000

  typealias Handler = @Sendable (_ path: String) -> HTTPResponse

  /// "127.0.0.1:40001", with the real port.
  let address: HostPort
  private let fd: Int32
  private let handler: Handler
  private let open = Atomic<Int>(0)
  private let isStopped = Atomic<Bool>(false)

  /// Binds and starts to answer.
  ///
  /// - Throws: `ServiceFailure` naming what cannot be bound.
  init(_ address: HostPort, handler: @escaping Handler) throws {
    fd = try AdminServer.listen(address)
    self.address = AdminServer.localAddress(of: fd, host: address.host)
    self.handler = handler
    let thread = Thread { [self] in accept() }
    thread.name = "admin"
    thread.start()
  }

  /// Stops accepting; the thread notices within a tenth of a second and closes the socket.
  func stop() { isStopped.store(true, ordering: .relaxed) }

  // MARK: Sockets

  private static func listen(_ address: HostPort) throws -> Int32 {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    hints.ai_flags = AI_NUMERICSERV | AI_PASSIVE
    var list: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(address.host, String(address.port), &hints, &list) == 0, let first = list
    else { throw ServiceFailure("--admin: \(address.host) has no address") }
    defer { freeaddrinfo(list) }
    let info = first.pointee
    let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
    let fd = socket(info.ai_family, type, 0)
    guard fd >= 0 else { throw ServiceFailure("--admin: no socket: \(systemError())") }
    var yes: Int32 = 1
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
    guard bind(fd, info.ai_addr, info.ai_addrlen) == 0, Glibc.listen(fd, 64) == 0 else {
      let reason = systemError()
      close(fd)
      throw ServiceFailure("--admin: cannot listen on \(address): \(reason)")
    }
    return fd
  }

  private static func localAddress(of fd: Int32, host: String) -> HostPort {
    var storage = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    withUnsafeMutablePointer(to: &storage) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        _ = getsockname(fd, $0, &length)
      }
    }
    // The port stands at the same place in sockaddr_in and sockaddr_in6.
    let port = withUnsafePointer(to: &storage) { pointer in
      pointer.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { $0.pointee.sin_port.bigEndian }
    }
    return HostPort(host: host, port: Int(port))
  }

  private func accept() {
    while !isStopped.load(ordering: .relaxed) {
      guard AdminServer.waits(for: fd, Int16(POLLIN), milliseconds: 100) else { continue }
      let client = assay_accept(fd, nil, nil)
      guard client >= 0 else {
        // Out of descriptors, most likely: the listening socket stays readable, so wait a little.
        if errno != EINTR, errno != EAGAIN { usleep(50_000) }
        continue
      }
      guard open.load(ordering: .relaxed) < AdminServer.maximumConnections else {
        close(client)
        continue
      }
      open.wrappingAdd(1, ordering: .relaxed)
      Thread.detachNewThread { [self] in
        serve(client)
        close(client)
        open.wrappingSubtract(1, ordering: .relaxed)
      }
    }
    close(fd)
  }

  // MARK: One request

  private func serve(_ client: Int32) {
    switch readHead(client) {
    case .failure(let refusal):
      if refusal.status > 0 {
        write(client, HTTPResponse(refusal.status, "").bytes(withBody: true))
      }
    case .success(let head):
      guard let request = HTTPRequest(head: head) else {
        return write(client, HTTPResponse(400, "no HTTP request\n").bytes(withBody: true))
      }
      guard request.method == "GET" || request.method == "HEAD" else {
        return write(client, HTTPResponse(405, "GET only\n").bytes(withBody: true))
      }
      write(client, handler(request.path).bytes(withBody: request.method == "GET"))
    }
  }

  private struct Refusal: Error {
    let status: Int
  }

  private func readHead(_ client: Int32) -> Result<[UInt8], Refusal> {
    let deadline = AdminServer.deadline()
    var head = HTTPHead()
    var buffer = [UInt8](repeating: 0, count: 2_048)
    while true {
      let left = AdminServer.milliseconds(until: deadline)
      guard left > 0, AdminServer.waits(for: client, Int16(POLLIN), milliseconds: left) else {
        return .failure(Refusal(status: 408))
      }
      let count = recv(client, &buffer, buffer.count, 0)
      if count < 0, errno == EINTR || errno == EAGAIN { continue }
      guard count > 0 else { return .failure(Refusal(status: 0)) }
      switch head.append(buffer[..<count]) {
      case .complete: return .success(head.bytes)
      case .tooLong: return .failure(Refusal(status: 431))
      case .incomplete: continue
      }
    }
  }

  private func write(_ client: Int32, _ bytes: [UInt8]) {
    let deadline = AdminServer.deadline()
    var offset = 0
    while offset < bytes.count {
      let left = AdminServer.milliseconds(until: deadline)
      guard left > 0, AdminServer.waits(for: client, Int16(POLLOUT), milliseconds: left) else {
        return
      }
      let count = bytes[offset...].withUnsafeBytes {
        send(client, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      if count < 0, errno == EINTR || errno == EAGAIN { continue }
      guard count > 0 else { return }
      offset += count
    }
    shutdown(client, Int32(SHUT_WR))
  }

  private static func waits(for fd: Int32, _ events: Int16, milliseconds: Int32) -> Bool {
    var entry = pollfd(fd: fd, events: events, revents: 0)
    return poll(&entry, 1, milliseconds) > 0
  }

  private static func deadline() -> UInt64 {
    DispatchTime.now().uptimeNanoseconds + UInt64(timeoutMilliseconds) * 1_000_000
  }

  private static func milliseconds(until deadline: UInt64) -> Int32 {
    let now = DispatchTime.now().uptimeNanoseconds
    return deadline > now ? Int32((deadline - now) / 1_000_000) : 0
  }
}

/// The text of errno.
func systemError() -> String { String(cString: strerror(errno)) }
