import COpenSSL
import RPC

/// A server's certificate, and whether clients must bring one.
public struct TLSServerOptions: Sendable {
  public let certificateFile: String
  public let keyFile: String
  /// PEM of the authorities that client certificates must come from; nil asks for none.
  public let clientCAFile: String?

  public init(certificateFile: String, keyFile: String, clientCAFile: String? = nil) {
    self.certificateFile = certificateFile
    self.keyFile = keyFile
    self.clientCAFile = clientCAFile
  }
}

/// What a client trusts, and shows.
public struct TLSClientOptions: Sendable {
  /// PEM of the authorities to trust; nil trusts the system's.
  public let caFile: String?
  /// Name that the certificate must carry; nil means the host connected to.
  public let serverName: String?
  public let certificateFile: String?
  public let keyFile: String?

  public init(
    caFile: String?, serverName: String? = nil, certificateFile: String? = nil,
    keyFile: String? = nil
  ) {
    self.caFile = caFile
    self.serverName = serverName
    self.certificateFile = certificateFile
    self.keyFile = keyFile
  }
}

/// An OpenSSL context: TLS 1.3 only, certificates loaded once.
///
/// `@unchecked Sendable`: OpenSSL counts references to a context atomically, and it is not changed
/// after `init`.
final class TLSContext: @unchecked Sendable {
  private let context: OpaquePointer

  init(server options: TLSServerOptions) throws {
    context = try TLSContext.make(TLS_server_method())
    try use(options.certificateFile, options.keyFile)
    if let ca = options.clientCAFile {
      try trust(ca)
      SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nil)
    }
    SSL_CTX_set_alpn_select_cb(context, selectProtocol, nil)
  }

  init(client options: TLSClientOptions) throws {
    context = try TLSContext.make(TLS_client_method())
    if let ca = options.caFile {
      try trust(ca)
    } else {
      guard SSL_CTX_set_default_verify_paths(context) == 1 else {
        throw TransportError.openSSL("system certificates")
      }
    }
    if let certificate = options.certificateFile, let key = options.keyFile {
      try use(certificate, key)
    }
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
    let name = Array(WireProtocol.applicationProtocol.utf8)
    let list = [UInt8(name.count)] + name
    // Zero is success here, unlike everywhere else in OpenSSL.
    guard SSL_CTX_set_alpn_protos(context, list, UInt32(list.count)) == 0 else {
      throw TransportError.openSSL("ALPN")
    }
  }

  deinit { SSL_CTX_free(context) }

  /// What one system call may read ahead: several records. Held only while they are worked on.
  private static let readBufferBytes = 128 << 10

  private static func make(_ method: OpaquePointer?) throws -> OpaquePointer {
    guard let context = SSL_CTX_new(method) else { throw TransportError.openSSL("TLS") }
    _ = assay_SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION)
    // An idle connection keeps no buffers.
    _ = assay_SSL_CTX_set_mode(context, Int(SSL_MODE_RELEASE_BUFFERS))
    _ = assay_SSL_CTX_set_read_ahead(context, 1)
    SSL_CTX_set_default_read_buffer_len(context, readBufferBytes)
    return context
  }

  private func use(_ certificate: String, _ key: String) throws {
    guard SSL_CTX_use_certificate_chain_file(context, certificate) == 1 else {
      throw TransportError.openSSL("certificate \(certificate)")
    }
    guard SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) == 1 else {
      throw TransportError.openSSL("private key \(key)")
    }
    guard SSL_CTX_check_private_key(context) == 1 else {
      throw TransportError.openSSL("\(key) is not the key of \(certificate)")
    }
  }

  private func trust(_ file: String) throws {
    guard SSL_CTX_load_verify_locations(context, file, nil) == 1 else {
      throw TransportError.openSSL("certificate authority \(file)")
    }
  }

  /// A connection's state, which reads from a socket and writes its records to a buffer.
  func makeServer(_ fd: Int32, _ records: RecordBuffer) throws -> OpaquePointer {
    let ssl = try make(fd, records)
    SSL_set_accept_state(ssl)
    return ssl
  }

  private func make(_ fd: Int32, _ records: RecordBuffer) throws -> OpaquePointer {
    guard let ssl = SSL_new(context) else { throw TransportError.openSSL("TLS") }
    guard let source = BIO_new_socket(fd, BIO_NOCLOSE), let sink = records.makeSink() else {
      SSL_free(ssl)
      throw TransportError.openSSL("TLS")
    }
    SSL_set0_rbio(ssl, source)
    SSL_set0_wbio(ssl, sink)
    return ssl
  }

  /// - Parameter serverName: a DNS name or an IP address that the certificate must carry.
  func makeClient(_ fd: Int32, _ records: RecordBuffer, serverName: String) throws -> OpaquePointer
  {
    let ssl = try make(fd, records)
    let parameters = SSL_get0_param(ssl)
    if X509_VERIFY_PARAM_set1_ip_asc(parameters, serverName) != 1 {
      ERR_clear_error()
      guard SSL_set1_host(ssl, serverName) == 1,
        assay_SSL_set_tlsext_host_name(ssl, serverName) == 1
      else {
        SSL_free(ssl)
        throw TransportError.openSSL("server name \(serverName)")
      }
    }
    SSL_set_connect_state(ssl)
    return ssl
  }

  /// Subject of the peer's verified certificate, in RFC 2253 form; nil if it brought none.
  static func peerSubject(_ ssl: OpaquePointer) -> String? {
    guard let certificate = SSL_get1_peer_certificate(ssl) else { return nil }
    defer { X509_free(certificate) }
    guard let bio = BIO_new(BIO_s_mem()) else { return nil }
    defer { BIO_free(bio) }
    guard X509_NAME_print_ex(bio, X509_get_subject_name(certificate), 0, assay_XN_FLAG_RFC2253) >= 0
    else {
      return nil
    }
    var text = [UInt8](repeating: 0, count: 1_024)
    let count = BIO_read(bio, &text, Int32(text.count))
    return count > 0 ? String(decoding: text.prefix(Int(count)), as: UTF8.self) : nil
  }
}

/// Server side of ALPN: our protocol, or no connection. A client that offers none is let through,
/// since HELLO's magic tells the same.
private func selectProtocol(
  _: OpaquePointer?, _ selected: UnsafeMutablePointer<UnsafePointer<UInt8>?>?,
  _ selectedLength: UnsafeMutablePointer<UInt8>?, _ offered: UnsafePointer<UInt8>?,
  _ offeredLength: UInt32, _: UnsafeMutableRawPointer?
) -> Int32 {
  let ours = WireProtocol.applicationProtocol.utf8
  let list = UnsafeBufferPointer(start: offered, count: Int(offeredLength))
  var index = 0
  while index < list.count {
    let length = Int(list[index])
    guard index + 1 + length <= list.count else { break }
    if list[(index + 1)..<(index + 1 + length)].elementsEqual(ours) {
      selected?.pointee = offered.map { $0 + index + 1 }
      selectedLength?.pointee = UInt8(length)
      return SSL_TLSEXT_ERR_OK
    }
    index += 1 + length
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL
}
