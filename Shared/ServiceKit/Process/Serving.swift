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
  /// How long callers have to take note that the connection is over.
  private static let goodbyeMilliseconds = 2_500
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
    let introspection = IntrospectionService(budget: process.budget)
    let admin = try startAdmin(process, introspection)
    let service = try await start(process)
    let serving: Serving
    if let listenRule {
      serving = try await listen(name, process, service, listenRule, admin, introspection)
    } else {
      serving = Serving(name, process, service, nil, nil, nil, admin)
    }
    process.readiness.set(starting, ready: true)
    try serving.announce()
    return serving
  }

  private static func startAdmin(
    _ process: ServiceProcess, _ introspection: IntrospectionService
  ) throws -> AdminServer? {
    guard let address = HostPort(process.options.text("admin")) else { return nil }
    let pages = AdminPages(
      readiness: process.readiness, metrics: process.metrics, introspection: introspection)
    return try AdminServer(address) { pages.page($0) }
  }

  private static func listen(
    _ name: String, _ process: ServiceProcess, _ service: RunningService,
    _ rule: ListenRule, _ admin: AdminServer?, _ introspection: IntrospectionService
  ) async throws -> Serving {
    // The option's kind allows "off", which makes no sense for a service.
    guard let address = HostPort(process.options.text("listen")) else {
      throw ServiceFailure("--listen: expected HOST:PORT", exitCode: 2)
    }
    let tls = try ListenSecurity(process.options, rule).check(address)
    var router = service.router
    router.register(
      HealthService(readiness: process.readiness, services: Set(router.services)))
    router.register(introspection)
    router.register(ReflectionService(services: router.services + ["assay.rpc.v1.Reflection"]))
    let authorizer = PrincipalAuthorizer(process.keyring, clock: process.clock)
    let observer = CallObserver(
      log: process.log, metrics: process.metrics, methods: router.numberedMethods,
      authorization: service.authorize.map { .later($0) }
        ?? .atOnce { try authorizer.authorize(&$0) },
      mapError: service.mapError)
    let server = Server(
      name: name, router: router, settings: settings(process.options),
      interceptor: observer.interceptor, budget: process.budget)
    introspection.attach(server)
    process.metrics.gauge("assay_connections", help: "Open connections of callers.") {
      Int64(server.connectionCount)
    }
    process.metrics.gauge(
      "assay_buffered_bytes", help: "Bytes of messages held for callers and peers."
    ) { Int64(max(0, process.budget.usedBytes)) }
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
    settings.maxFrameBytes = options.bytes("max-frame-bytes")
    settings.maxConcurrentStreams = options.int("max-concurrent-streams")
    settings.maxBufferedBytes = options.bytes("max-connection-buffer-bytes")
    settings.maxConnectionAgeMilliseconds = options.milliseconds("max-connection-age")
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
    let deadline = ContinuousClock.now + .milliseconds(process.options.milliseconds("drain"))
    await drainService(until: deadline)
    await waitForCalls(until: deadline)
    server?.closeAll()
    await waitForGoodbyes()
    await service.stop()
    process.shutDownChannels()
    admin?.stop()
    process.log.info("stopped")
  }

  /// Gives what runs beside the calls its time, and no more: `stop` ends what is left.
  private func drainService(until deadline: ContinuousClock.Instant) async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask { [service] in await service.drain() }
      group.addTask { try? await Task.sleep(until: deadline, clock: .continuous) }
      await group.next()
      group.cancelAll()
    }
  }

  /// Until no call is left, every answer is written, and no caller can believe that another call
  /// would be taken.
  private func waitForCalls(until deadline: ContinuousClock.Instant) async {
    guard let observer, let server else { return }
    await poll(until: deadline) {
      observer.callsInFlight == 0 && !server.isTakingCalls && !server.isAnswering
    }
    if observer.callsInFlight > 0 {
      process.log.warning("calls cut off by --drain", ["calls": .number(observer.callsInFlight)])
    }
  }

  /// The last answers are read before the process, and with it their sockets, goes.
  private func waitForGoodbyes() async {
    guard let server else { return }
    let deadline = ContinuousClock.now + .milliseconds(Serving.goodbyeMilliseconds)
    await poll(until: deadline) { server.connectionCount == 0 }
  }

  private func poll(until deadline: ContinuousClock.Instant, _ isDone: () -> Bool) async {
    while !isDone(), ContinuousClock.now < deadline {
      try? await Task.sleep(for: .milliseconds(Serving.drainPollMilliseconds))
    }
  }
}
