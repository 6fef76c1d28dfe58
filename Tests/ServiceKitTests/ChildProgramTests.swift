import Foundation
import Testing

@testable import ServiceKit

@Suite("Programs that a service runs", .timeLimit(.minutes(1)))
struct ChildProgramTests {
  /// What a shell said on its standard error.
  private func said(
    _ script: String, ending: ChildProgram.Ending = .exited(0), timeoutMilliseconds: Int = 30_000,
    environment: [String: String] = ["PATH": "/usr/bin:/bin"]
  ) async throws -> [String] {
    try await said(
      ChildProgram(path: "/bin/sh", arguments: ["-c", script], environment: environment),
      ending: ending, timeoutMilliseconds: timeoutMilliseconds)
  }

  /// What a program said that a thread of its own started.
  private func said(
    _ program: ChildProgram, ending: ChildProgram.Ending = .exited(0),
    timeoutMilliseconds: Int = 30_000, preparing: @escaping @Sendable () -> Void = {}
  ) async throws -> [String] {
    let path = NSTemporaryDirectory() + "assay-child-\(UUID().uuidString)"
    let input = open("/dev/null", O_RDONLY | O_CLOEXEC)
    let output = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    defer {
      close(input)
      close(output)
      unlink(path)
    }
    let found = try await withCheckedThrowingContinuation { continuation in
      Thread.detachNewThread {
        preparing()
        continuation.resume(
          with: Result {
            try program.run(
              standardInput: input, standardError: output,
              timeoutMilliseconds: timeoutMilliseconds)
          })
      }
    }
    #expect(found == ending)
    return try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map(String.init)
  }

  @Test("it gets three descriptors, whatever else is open")
  func descriptors() async throws {
    // One that a program would inherit, as many libraries' are.
    let other = fcntl(STDIN_FILENO, F_DUPFD, 200)
    defer { close(other) }
    try #require(other >= 200)
    let open = try await said("for fd in /proc/$$/fd/*; do echo ${fd##*/} >&2; done")
    // The shell lists the folder by a descriptor that is gone by then.
    #expect(Set(open).isSubset(of: ["0", "1", "2", "3"]))
    #expect(Set(open).isSuperset(of: ["0", "1", "2"]))
  }

  @Test("no signal is blocked or ignored in it, whatever is in the service")
  func signals() async throws {
    defer { signal(SIGUSR2, SIG_DFL) }
    // A shell would begin with clearing the mask.
    let program = ChildProgram(
      path: "/bin/dd", arguments: ["if=/proc/self/status", "of=/dev/stderr", "status=none"])
    let lines = try await said(program) {
      var set = sigset_t()
      sigemptyset(&set)
      sigaddset(&set, SIGTERM)
      // Of this thread, which starts the program and then ends.
      pthread_sigmask(SIG_BLOCK, &set, nil)
      signal(SIGUSR2, SIG_IGN)
    }
    let sets = lines.filter { $0.hasPrefix("SigBlk") || $0.hasPrefix("SigIgn") }
      .compactMap { UInt64($0.suffix(16), radix: 16) }
    // The C library keeps signals 32 and 33 for itself.
    #expect(sets.map { $0 & ~(3 << 31) } == [0, 0])
  }

  @Test("the services' own variables stay with them")
  func environment() async throws {
    let lines = try await said(
      "/usr/bin/env >&2",
      environment: ["ASSAY_CHILD_TEST": "secret", "OTHER_CHILD_TEST": "open"])
    #expect(lines.contains("OTHER_CHILD_TEST=open"))
    #expect(!lines.contains { $0.hasPrefix("ASSAY_") })
  }

  @Test("a code and a signal are told apart, and from the end of its time")
  func endings() async throws {
    _ = try await said("exit 255", ending: .exited(255))
    _ = try await said("kill -15 $$", ending: .signalled(SIGTERM))
    // It ignores what it can.
    _ = try await said(
      "trap '' TERM INT HUP; while :; do sleep 60; done", ending: .timedOut,
      timeoutMilliseconds: 200)
  }

  @Test("one that is not there was not started")
  func missing() {
    let null = open("/dev/null", O_RDWR | O_CLOEXEC)
    defer { close(null) }
    let error = #expect(throws: POSIXError.self) {
      try ChildProgram(path: "/nowhere/program", arguments: []).run(
        standardInput: null, standardError: null, timeoutMilliseconds: 1_000)
    }
    #expect(error?.code == .ENOENT)
  }
}
