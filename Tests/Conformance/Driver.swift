import API
import RPC
import Synchronization
import Transport

/// Does what the runner says, one command at a time or many at once.
final class Driver: Sendable {
  /// A server under test, and what its handlers have seen.
  private struct Running {
    let service: EchoService
    let server: Server
    let listener: Listener
  }

  private struct Failure: Error {
    let message: String
  }

  private struct State {
    var servers: [UInt64: Running] = [:]
    var channels: [UInt64: Channel] = [:]
  }

  private let state = Mutex(State())
  private let serverLoops = EventLoopGroup(loopCount: 2, name: "server")
  private let clientLoops = EventLoopGroup(loopCount: 1, name: "client")

  func report(on command: ConformanceCommand) async -> ConformanceReport {
    do {
      return ConformanceReport(id: command.id, report: try await perform(command.command))
    } catch let failure as Failure {
      return ConformanceReport(id: command.id, report: .failure(failure.message))
    } catch {
      return ConformanceReport(id: command.id, report: .failure("\(error)"))
    }
  }

  private func perform(_ command: ConformanceCommand.OneOf_Command?) async throws
    -> ConformanceReport.OneOf_Report
  {
    switch command {
    case .describe:
      return .description(
        ConformanceDescription(
          name: "Swift", level: 2, hasClient: true, hasServer: true,
          features: ["tls", "retry", "addresses"]))
    case .startServer(let options): return .serverStarted(try await start(options))
    case .drainServer(let which):
      let running = try running(which.server)
      running.listener.close()
      running.server.drain()
    case .stopServer(let which): try stop(which.server)
    case .inspectServer(let which): return .serverCounts(try running(which.server).service.counts)
    case .openChannel(let options): try open(options)
    case .closeChannel(let which):
      state.withLock { $0.channels.removeValue(forKey: which.channel) }?.shutDown()
    case .makeCall(let call):
      return .callResult(await Caller(try channel(call.channel), call).run())
    case nil: throw Failure(message: "no command that this driver knows")
    }
    return .done(ConformanceDone())
  }

  // MARK: Servers

  private func start(_ options: ConformanceStartServer) async throws -> ConformanceServerStarted {
    let service = EchoService()
    var router = Router()
    router.register(service)
    let tls =
      options.certificateFile.isEmpty
      ? nil
      : TLSServerOptions(certificateFile: options.certificateFile, keyFile: options.keyFile)
    let server = Server(router: router, settings: settings(options.limits))
    let listener = try await Listener.start(
      server: server, host: "127.0.0.1", port: 0, tls: tls, group: serverLoops)
    state.withLock {
      $0.servers[options.server] = Running(service: service, server: server, listener: listener)
    }
    return ConformanceServerStarted(port: UInt32(listener.port))
  }

  private func running(_ server: UInt64) throws -> Running {
    guard let running = state.withLock({ $0.servers[server] }) else {
      throw Failure(message: "there is no server \(server)")
    }
    return running
  }

  private func stop(_ server: UInt64) throws {
    let running = try running(server)
    running.listener.close()
    running.server.closeAll()
    state.withLock { $0.servers[server] = nil }
  }

  private func settings(_ limits: ConformanceLimits?) -> ConnectionSettings {
    var settings = ConnectionSettings.defaults
    guard let limits else { return settings }
    func set(_ value: UInt32, _ setting: WritableKeyPath<ConnectionSettings, Int>) {
      if value > 0 { settings[keyPath: setting] = Int(value) }
    }
    set(limits.maxFrameBytes, \.maxFrameBytes)
    set(limits.maxMessageBytes, \.maxMessageBytes)
    set(limits.maxConcurrentStreams, \.maxConcurrentStreams)
    set(limits.initialStreamCreditBytes, \.initialStreamCredit)
    set(limits.initialConnectionCreditBytes, \.initialConnectionCredit)
    set(limits.pingIntervalMilliseconds, \.pingIntervalMilliseconds)
    return settings
  }

  // MARK: Channels

  private func open(_ options: ConformanceOpenChannel) throws {
    let tls = options.caFile.isEmpty ? nil : TLSClientOptions(caFile: options.caFile)
    let connector = try SocketConnector(
      name: "echo", target: options.address, tls: tls, group: clientLoops)
    var channelOptions = ChannelOptions.defaults
    channelOptions.settings = settings(options.limits)
    channelOptions.credential = options.credential
    let channel = Channel(connector, options: channelOptions)
    state.withLock { $0.channels[options.channel] = channel }
  }

  private func channel(_ number: UInt64) throws -> Channel {
    guard let channel = state.withLock({ $0.channels[number] }) else {
      throw Failure(message: "there is no channel \(number)")
    }
    return channel
  }
}
