import CLinux
import Foundation
import Glibc
import Identity
import RPC
import Synchronization
import Transport

/// Runs a program from its command line to its exit code.
///
/// The main thread waits for signals; everything else happens on other threads. The first SIGTERM
/// or SIGINT drains, the second ends at once.
public enum ServiceMain {
  /// Exit code of a program that a second signal ended.
  private static let forcedExitCode: Int32 = 130
  /// glibc's memory arenas: about as many as threads of a service allocate on a small
  /// machine, loops and storage's. With fewer, they wait for each other.
  private static let mallocArenas: Int32 = 8

  private enum Phase {
    case starting
    case running(Serving)
    case stopping
  }

  /// Never returns: the process exits.
  public static func run<Program: ServiceProgram>(_ program: Program.Type) -> Never {
    assay_tune_malloc(mallocArenas)
    signal(SIGPIPE, SIG_IGN)
    // Whoever started us may have ignored it, and programs that we run would vanish unseen.
    signal(SIGCHLD, SIG_DFL)
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGTERM)
    sigaddset(&signals, SIGINT)
    // Before any thread exists, so that all inherit it and `sigwait` alone sees the two.
    pthread_sigmask(SIG_BLOCK, &signals, nil)
    let launch = Launch<Program>.parse(
      Array(CommandLine.arguments.dropFirst()), ProcessInfo.processInfo.environment)
    let phase = PhaseBox()
    Task.detached {
      do {
        guard let serving = try await launch.begin() else { return }
        if !phase.didStart(serving) { await end(serving, launch.log) }
      } catch {
        Launch<Program>.fail(error, launch.log)
      }
    }
    wait(&signals, phase, launch.log)
  }

  private static func wait(_ signals: inout sigset_t, _ phase: PhaseBox, _ log: Logger) -> Never {
    var count = 0
    while true {
      var number: Int32 = 0
      guard sigwait(&signals, &number) == 0 else { continue }
      count += 1
      guard count == 1 else { finish(forcedExitCode, log) }
      if let serving = phase.stop() { Task.detached { await end(serving, log) } }
    }
  }

  private static func end(_ serving: Serving, _ log: Logger) async {
    await serving.drain()
    finish(0, log)
  }

  /// Writes what is buffered, and ends without running destructors that other threads still use.
  static func finish(_ code: Int32, _ log: Logger) -> Never {
    log.flush()
    fflush(nil)
    _exit(code)
  }

  /// Where the process is in its life; the signal thread and the start race for it.
  private final class PhaseBox: Sendable {
    private let phase = Mutex(Phase.starting)

    /// False if a signal came before: then the caller drains.
    func didStart(_ serving: Serving) -> Bool {
      phase.withLock { phase in
        if case .stopping = phase { return false }
        phase = .running(serving)
        return true
      }
    }

    /// What there is to drain; nil if the start has not finished.
    func stop() -> Serving? {
      phase.withLock { phase in
        defer { phase = .stopping }
        if case .running(let serving) = phase { return serving }
        return nil
      }
    }
  }
}
