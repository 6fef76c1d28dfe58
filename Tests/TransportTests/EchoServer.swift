import API
import Foundation
import RPC
import Transport

/// An echo server on a free loopback port and a channel to it.
struct EchoServer {
  let handler = EchoHandler()
  let server: Server
  let listener: Listener
  let group: EventLoopGroup
  let clientGroup: EventLoopGroup

  init(
    settings: ConnectionSettings = .defaults, tls: TLSServerOptions? = nil,
    interceptor: ServerInterceptor = ServerInterceptor()
  ) async throws {
    var router = Router()
    router.register(handler)
    group = EventLoopGroup(loopCount: 2, name: "server")
    clientGroup = EventLoopGroup(loopCount: 1, name: "client")
    server = Server(router: router, settings: settings, interceptor: interceptor)
    listener = try await Listener.start(
      server: server, host: "127.0.0.1", port: 0, tls: tls, group: group)
  }

  func channel(tls: TLSClientOptions? = nil, options: ChannelOptions = .defaults) throws -> Channel
  {
    Channel(
      try SocketConnector(
        name: "echo", target: "127.0.0.1:\(listener.port)", tls: tls, group: clientGroup),
      options: options)
  }

  func client(tls: TLSClientOptions? = nil) throws -> TestingEchoServiceClient {
    TestingEchoServiceClient(try channel(tls: tls))
  }

  func stop() {
    listener.close()
    server.closeAll()
    clientGroup.shutDown()
    group.shutDown()
  }
}

/// Runs `body` with a server that is stopped whatever happens.
func withEchoServer(
  settings: ConnectionSettings = .defaults, tls: TLSServerOptions? = nil,
  interceptor: ServerInterceptor = ServerInterceptor(),
  _ body: (EchoServer) async throws -> Void
) async throws {
  let server = try await EchoServer(settings: settings, tls: tls, interceptor: interceptor)
  defer { server.stop() }
  try await body(server)
}

/// A throw-away certificate authority and server certificate, made once by the openssl command.
enum TestCertificates {
  static let folder: String = {
    let folder = NSTemporaryDirectory() + "assay-tls-\(UUID().uuidString)"
    try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let script = """
      set -e; cd '\(folder)'
      openssl ecparam -name prime256v1 -genkey -noout -out ca.key
      openssl req -x509 -new -key ca.key -days 2 -subj /CN=test-ca -out ca.pem
      openssl ecparam -name prime256v1 -genkey -noout -out server.key
      openssl req -new -key server.key -subj /CN=localhost -out server.csr
      printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\\n' > server.ext
      openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 \
        -extfile server.ext -out server.pem
      """
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = ["-c", script]
    process.standardError = FileHandle.nullDevice
    try? process.run()
    process.waitUntilExit()
    return folder
  }()

  static var server: TLSServerOptions {
    TLSServerOptions(certificateFile: folder + "/server.pem", keyFile: folder + "/server.key")
  }

  static var client: TLSClientOptions { TLSClientOptions(caFile: folder + "/ca.pem") }
}
