import Crypto
import RPC

/// Writes what happens, as JSON lines or as text, without secrets.
public struct Logger: Sendable {
  private let sink: LogSink
  private let service: String
  private let level: LogLevel
  private let clock: WallClock
  private let fields: [(name: String, value: LogValue)]
  private let isJSON: Bool

  /// - Parameters:
  ///   - service: name of the program, on every line.
  ///   - level: what is less grave is not written.
  ///   - write: takes whole lines without their newline.
  public init(
    service: String, level: LogLevel = .info, isJSON: Bool = true, clock: WallClock = .system,
    write: @escaping @Sendable (String) -> Void
  ) {
    self.init(
      sink: LogSink(write: write), service: service, level: level, isJSON: isJSON, clock: clock,
      fields: [])
  }

  private init(
    sink: LogSink, service: String, level: LogLevel, isJSON: Bool, clock: WallClock,
    fields: [(name: String, value: LogValue)]
  ) {
    self.sink = sink
    self.service = service
    self.level = level
    self.isJSON = isJSON
    self.clock = clock
    self.fields = fields
  }

  /// A logger that says nothing, for tests.
  public static let silent = Logger(service: "", level: .error, write: { _ in })

  /// Writes to standard error; as text on a terminal if `format` is "auto".
  static func standard(service: String, level: LogLevel, format: String) -> Logger {
    Logger(
      service: service, level: level, isJSON: LogSink.isJSON(format: format),
      write: LogSink.writeToStandardError)
  }

  /// A logger that adds `fields` to each line.
  public func with(_ fields: KeyValuePairs<String, LogValue>) -> Logger {
    Logger(
      sink: sink, service: service, level: level, isJSON: isJSON, clock: clock,
      fields: self.fields + fields.map { (name: $0.key, value: $0.value) })
  }

  public func debug(
    _ message: @autoclosure () -> String,
    _ fields: @autoclosure () -> KeyValuePairs<String, LogValue> = [:],
    trace: TraceContext? = nil
  ) {
    log(.debug, message(), fields(), trace)
  }

  public func info(
    _ message: @autoclosure () -> String,
    _ fields: @autoclosure () -> KeyValuePairs<String, LogValue> = [:],
    trace: TraceContext? = nil
  ) {
    log(.info, message(), fields(), trace)
  }

  public func warning(
    _ message: @autoclosure () -> String,
    _ fields: @autoclosure () -> KeyValuePairs<String, LogValue> = [:],
    trace: TraceContext? = nil
  ) {
    log(.warning, message(), fields(), trace)
  }

  public func error(
    _ message: @autoclosure () -> String,
    _ fields: @autoclosure () -> KeyValuePairs<String, LogValue> = [:],
    trace: TraceContext? = nil
  ) {
    log(.error, message(), fields(), trace)
  }

  /// Whether lines of `level` are written.
  public func isEnabled(_ level: LogLevel) -> Bool { level >= self.level }

  func log(
    _ level: LogLevel, _ message: @autoclosure () -> String,
    _ fields: @autoclosure () -> KeyValuePairs<String, LogValue>, _ trace: TraceContext?
  ) {
    guard isEnabled(level) else { return }
    let line = LogLine(
      time: clock.now(), level: level, service: service, message: message(),
      traceID: trace?.traceID,
      fields: self.fields + fields().map { (name: $0.key, value: $0.value) })
    sink.write(isJSON ? line.json : line.text)
  }

  /// Waits until everything is written.
  public func flush() { sink.flush() }
}
