import CLinux
import Foundation

/// Another program that is run to its end, for at most so long.
///
/// Foundation's `Process` is not used: it learns of the end by a socket that the program inherits,
/// and what the program has started, too. Of a mailer that delivers in the background it hears when
/// the delivery ends, or never (swift-corelibs-foundation, issue 4795).
public struct ChildProgram: Sendable {
  /// How it ended.
  public enum Ending: Sendable, Equatable {
    case exited(Int32)
    /// By a signal that was not ours.
    case signalled(Int32)
    /// Not within its time; it was killed, and with it what it had started in its process group.
    case timedOut
    /// It may have done its work or not: an `errno` kept us from seeing, and it was killed.
    case unknown(Int32)
  }

  /// How long one that was killed may take to end, before nobody waits for it any more.
  private static let killMilliseconds = 5_000
  /// Its variables are the services' own affair, secrets among them.
  private static let ownPrefix = "ASSAY_"

  /// Full path.
  public let path: String
  public let arguments: [String]
  private let environment: [String: String]

  /// - Parameter environment: of it the services' own variables are left out.
  public init(
    path: String, arguments: [String],
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) {
    self.path = path
    self.arguments = arguments
    self.environment = environment.filter { !$0.key.hasPrefix(Self.ownPrefix) }
  }

  /// Runs it, and blocks until it has ended.
  ///
  /// It gets the two descriptors and no other, all variables but the services' own, no blocked or
  /// ignored signal, and a process group. What it prints on standard output goes nowhere.
  ///
  /// - Parameters:
  ///   - standardInput, standardError: both above 2.
  /// - Throws: `POSIXError` when it was not started.
  public func run(
    standardInput: Int32, standardError: Int32, timeoutMilliseconds: Int
  ) throws -> Ending {
    // The one would be closed or taken before the other is put in its place.
    precondition(standardInput > STDERR_FILENO && standardError > STDERR_FILENO)
    let process = try start(standardInput, standardError)
    let descriptor = assay_pidfd_open(process)
    guard descriptor >= 0 else {
      let code = errno
      Self.kill(process)
      Self.reapLater(process)
      return .unknown(code)
    }
    defer { close(descriptor) }
    let isInTime = Self.hasEnded(descriptor, within: timeoutMilliseconds)
    if !isInTime {
      Self.kill(process)
      // One that hangs in the kernel does not end even so.
      guard Self.hasEnded(descriptor, within: Self.killMilliseconds) else {
        Self.reapLater(process)
        return .timedOut
      }
    }
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0 {
      guard errno == EINTR else { return .unknown(errno) }
    }
    guard isInTime else { return .timedOut }
    // As WIFEXITED, WEXITSTATUS and WTERMSIG, which are macros.
    return status & 0x7F == 0 ? .exited(status >> 8 & 0xFF) : .signalled(status & 0x7F)
  }

  /// With its group, and itself, should it have left that. It was not reaped, so the number is its.
  private static func kill(_ process: pid_t) {
    Glibc.kill(-process, SIGKILL)
    Glibc.kill(process, SIGKILL)
  }

  private static func reapLater(_ process: pid_t) {
    Thread.detachNewThread {
      var status: Int32 = 0
      while waitpid(process, &status, 0) < 0, errno == EINTR {}
    }
  }

  private func start(_ input: Int32, _ error: Int32) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    try Self.check(posix_spawn_file_actions_init(&actions))
    defer { posix_spawn_file_actions_destroy(&actions) }
    try Self.check(posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO))
    try Self.check(
      posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0))
    try Self.check(posix_spawn_file_actions_adddup2(&actions, error, STDERR_FILENO))
    try Self.check(assay_spawn_close_from(&actions, STDERR_FILENO + 1))

    var attributes = posix_spawnattr_t()
    try Self.check(posix_spawnattr_init(&attributes))
    defer { posix_spawnattr_destroy(&attributes) }
    // What a service blocks or ignores is none of the program's business.
    var none = sigset_t()
    var all = sigset_t()
    sigemptyset(&none)
    sigfillset(&all)
    try Self.check(posix_spawnattr_setsigmask(&attributes, &none))
    try Self.check(posix_spawnattr_setsigdefault(&attributes, &all))
    let flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
    try Self.check(posix_spawnattr_setflags(&attributes, Int16(flags)))

    var process: pid_t = 0
    let environment = environment.map { "\($0)=\($1)" }
    try Self.withCStrings([path] + arguments) { arguments in
      try Self.withCStrings(environment) { environment in
        try Self.check(posix_spawn(&process, path, &actions, &attributes, arguments, environment))
      }
    }
    return process
  }

  private static func hasEnded(_ descriptor: Int32, within milliseconds: Int) -> Bool {
    let deadline = ContinuousClock.now + .milliseconds(milliseconds)
    while true {
      let left = (deadline - .now) / .milliseconds(1)
      var poll = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      let count = Glibc.poll(&poll, 1, Int32(clamping: Int(max(0, left.rounded(.up)))))
      if count > 0 { return true }
      if count < 0 ? errno != EINTR : left <= 0 { return false }
    }
  }

  private static func withCStrings<R>(
    _ texts: [String], _ body: ([UnsafeMutablePointer<CChar>?]) throws -> R
  ) rethrows -> R {
    let strings: [UnsafeMutablePointer<CChar>?] = texts.map { strdup($0) } + [nil]
    defer { for string in strings { free(string) } }
    return try body(strings)
  }

  private static func check(_ code: Int32) throws {
    if code != 0 { throw POSIXError(POSIXErrorCode(rawValue: code) ?? .EINVAL) }
  }
}
