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
  }

  /// Full path.
  public let path: String
  public let arguments: [String]

  public init(path: String, arguments: [String]) {
    self.path = path
    self.arguments = arguments
  }

  /// Runs it, and blocks until it has ended.
  ///
  /// It gets the two descriptors, no other, and a process group of its own; what it prints on
  /// standard output goes nowhere.
  ///
  /// - Throws: `POSIXError` when it cannot be started or waited for; then it does not run.
  public func run(
    standardInput: Int32, standardError: Int32, timeoutMilliseconds: Int
  ) throws -> Ending {
    let process = try start(standardInput, standardError)
    let hasEnded = Result { try Self.awaitEnd(of: process, timeoutMilliseconds) }
    // It is not reaped yet, so that the number is still its own.
    if (try? hasEnded.get()) != true { kill(-process, SIGKILL) }
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0 {
      guard errno == EINTR else { throw Self.error(errno) }
    }
    guard try hasEnded.get() else { return .timedOut }
    // As WIFEXITED, WEXITSTATUS and WTERMSIG, which are macros.
    return status & 0x7F == 0 ? .exited(status >> 8 & 0xFF) : .signalled(status & 0x7F)
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
    let environment = ProcessInfo.processInfo.environment.map { "\($0)=\($1)" }
    try Self.withCStrings([path] + arguments) { arguments in
      try Self.withCStrings(environment) { environment in
        try Self.check(posix_spawn(&process, path, &actions, &attributes, arguments, environment))
      }
    }
    return process
  }

  /// Whether it ends within the time.
  private static func awaitEnd(of process: pid_t, _ milliseconds: Int) throws -> Bool {
    let descriptor = assay_pidfd_open(process)
    guard descriptor >= 0 else { throw error(errno) }
    defer { close(descriptor) }
    let deadline = ContinuousClock.now + .milliseconds(milliseconds)
    while true {
      let left = (deadline - .now) / .milliseconds(1)
      var poll = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      let count = Glibc.poll(&poll, 1, Int32(clamping: Int(max(0, left.rounded(.up)))))
      if count > 0 { return true }
      if count == 0, left <= 0 { return false }
      if count < 0, errno != EINTR { throw error(errno) }
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
    if code != 0 { throw error(code) }
  }

  private static func error(_ code: Int32) -> POSIXError {
    POSIXError(POSIXErrorCode(rawValue: code) ?? .EINVAL)
  }
}
