import Foundation
import RPC
import Transport

/// A program between its start and its end: sockets, calls, drain.
final class Serving: Sendable {
  private let process: ServiceProcess
  private let service: RunningService
  private let observer: CallObserver?
  private let server: Server?
  private let listener: Listener?
  private let admin: AdminServer?
  private let name: String

  /// How often a drain looks whether the last call has ended.
  private static let drainPollMilliseconds = 10
  private static let starting = "start"
  private static let draining = "drain"

  private init(
    _ name: String, _ process: ServiceProcess, _ service: RunningService,
    _ observer: CallObserver?, _ server: Server?, _ listener: Listener?, _ admin: AdminServer?
  ) {
    self.name = name
    self.process = process
    self.service = service
    self.observer = observer
    self.server = server
    self.listener = listener
    self.admin = admin
  }

  // MARK: Start

  /// Starts everything and says that it is ready.
  ///
  /// - Parameter listenRule: nil for a program that answers no calls.
  static func start(
    name: String, process: ServiceProcess, listenRule: ListenRule?,
    _ start: @Sendable (ServiceProcess) async throws -> RunningService
  ) async throws -> Serving {
    ProcessMetrics.register(
      in: process.metrics, program: name, startedAt: process.clock.now())
    process.readiness.set(starting, ready: false, "starting")
    // First, so that an operator sees a long migration as alive and not ready.
    let admin = try startAdmin(process)
    let service = try await start(process)
    let serving: Serving
    if let listenRule {
      serving = try await listen(name, process, service, listenRule, admin)
    } else {
      serving = Serving(name, process, service, nil, nil, nil, admin)
    }
    process.readiness.set(starting, ready: true)
    try serving.announce()
    return serving
  }

  private static func startAdmin(_ process: ServiceProcess) throws -> AdminServer? {
    guard let address = HostPort(process.options.text("admin")) else { return nil }
    let pages = AdminPages(readiness: process.readiness, metrics: process.metrics)
    return try AdminServer(address) { pages.page($0) }
  }

  private static func listen(
    _ name: String, _ process: ServiceProcess, _ service: RunningService,
    _ rule: ListenRule, _ admin: AdminServer?
  ) async throws -> Serving {
    // The option's kind allows "off", which makes no sense for a service.
    guard let address = HostPort(process.options.text("listen")) else {
      throw ServiceFailure("--listen: expected HOST:PORT", exitCode: 2)
    }
    let tls = try ListenSecurity(process.options, rule).check(address)
    var router = service.router
    router.register(
      HealthService(readiness: process.readiness, services: Set(router.services)))
    router.register(ReflectionService(services: router.services + ["assay.rpc.v1.Reflection"]))
    let authorizer = PrincipalAuthorizer(process.keyring, clock: process.clock)
    let observer = CallObserver(
      log: process.log, metrics: process.metrics, methods: router.methods,
      authorize: service.authorize ?? { try authorizer.authorize(&$0) },
      mapError: service.mapError)
    let server = Server(
      router: router, settings: settings(process.options), interceptor: observer.interceptor)
    process.metrics.gauge("assay_connections", help: "Open connections of callers.") {
      Int64(server.connectionCount)
    }
    do {
      let listener = try await Listener.start(
        server: server, host: address.host, port: address.port, tls: tls, group: process.loops)
      return Serving(name, process, service, observer, server, listener, admin)
    } catch let error as TransportError {
      throw ServiceFailure("--listen: \(error)")
    }
  }

  private static func settings(_ options: Options) -> ConnectionSettings {
    var settings = ConnectionSettings.defaults
    settings.maxMessageBytes = options.bytes("max-message-bytes")
    settings.maxConcurrentStreams = options.int("max-concurrent-streams")
    settings.software = "assay/\(Software.version)"
    return settings
  }

  private func announce() throws {
    let isTLS = listener != nil && process.options.optionalText("tls-certificate") != nil
    process.log.info(
      "ready",
      [
        "version": .text(Software.version), "listen": .text(listener?.address ?? "none"),
        "tls": .flag(isTLS), "admin": .text(admin?.address.description ?? "off"),
        "data": .text(process.dataDirectory),
      ])
    guard let path = process.options.optionalText("ready-file") else { return }
    var text = "{\"name\":\(JSONText.quote(name)),\"pid\":\(getpid())"
    if let listener {
      text += ",\"listen\":\(JSONText.quote(listener.address)),\"port\":\(listener.port)"
    }
    if let admin { text += ",\"admin\":\(JSONText.quote(admin.address.description))" }
    try AtomicFile.write(text + ",\"tls\":\(isTLS)}\n", to: path)
  }

  // MARK: End

  /// Ends in order: not ready, no new calls, calls in flight finish, pumps stop, database closed.
  func drain() async {
    process.log.info("draining", ["calls": .number(observer?.callsInFlight ?? 0)])
    process.readiness.set(Serving.draining, ready: false, "draining")
    if let path = process.options.optionalText("ready-file") { unlink(path) }
    listener?.close()
    server?.drain()
    await drainService()
    await waitForCalls()
    server?.closeAll()
    await service.stop()
    process.shutDownChannels()
    admin?.stop()
    process.log.info("stopped")
  }

  /// Gives what runs beside the calls its time, and no more: `stop` ends what is left.
  private func drainService() async {
    let limit = process.options.milliseconds("drain")
    await withTaskGroup(of: Void.self) { group in
      group.addTask { [service] in await service.drain() }
      group.addTask { try? await Task.sleep(for: .milliseconds(limit)) }
      await group.next()
      group.cancelAll()
    }
  }

  private func waitForCalls() async {
    guard let observer else { return }
    let clock = ContinuousClock()
    let deadline = clock.now + .milliseconds(process.options.milliseconds("drain"))
    while observer.callsInFlight > 0, clock.now < deadline {
      try? await Task.sleep(for: .milliseconds(Serving.drainPollMilliseconds))
    }
    if observer.callsInFlight > 0 {
      process.log.warning("calls cut off by --drain", ["calls": .number(observer.callsInFlight)])
    }
  }
}

/// Whether a program may listen where it is told to, and with what.
struct ListenSecurity {
  private let certificate: String?
  private let key: String?
  private let authority: String?
  private let isInsecure: Bool
  private let rule: ListenRule

  init(_ options: Options, _ rule: ListenRule) {
    certificate = options.optionalText("tls-certificate")
    key = options.optionalText("tls-key")
    authority = options.optionalText("tls-client-ca")
    isInsecure = options.flag("insecure")
    self.rule = rule
  }

  /// The TLS options to listen with; nil for plain text, where that is allowed.
  ///
  /// - Throws: `ServiceFailure` saying what is missing.
  func check(_ address: HostPort) throws -> TLSServerOptions? {
    switch (certificate, key) {
    case (let certificate?, let key?):
      guard !isInsecure else {
        throw ServiceFailure("--insecure contradicts --tls-certificate", exitCode: 2)
      }
      return TLSServerOptions(
        certificateFile: certificate, keyFile: key,
        clientCAFile: authority)
    case (nil, nil):
      try checkPlainText(address)
      return nil
    default:
      throw ServiceFailure("--tls-certificate and --tls-key belong together", exitCode: 2)
    }
  }

  private func checkPlainText(_ address: HostPort) throws {
    let isAllowed =
      switch rule {
      case .services: address.isLoopback || isInsecure
      case .clients: address.isLoopback && isInsecure
      }
    guard isAllowed else {
      let advice =
        rule == .services || !address.isLoopback
        ? "" : ", or --insecure for plain text on this machine"
      throw ServiceFailure(
        "listening on \(address) needs --tls-certificate and --tls-key\(advice)", exitCode: 2)
    }
  }
}
