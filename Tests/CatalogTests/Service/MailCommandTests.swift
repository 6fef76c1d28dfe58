import CatalogDomain
import Foundation
import ServiceKit
import Testing

@testable import CatalogService

@Suite("The mail command")
struct MailCommandTests {
  static let mail = OutgoingMail(
    id: 7, inviteID: "inv_1", recipient: "ada@vendor.eu", subject: "Hello", body: "Text\n",
    attempt: 1)

  /// Writes a shell script and gives its path.
  static func script(_ text: String) throws -> String {
    let path = NSTemporaryDirectory() + "assay-mail-\(UUID().uuidString)"
    try "#!/bin/sh\n\(text)\n".write(toFile: path, atomically: true, encoding: .utf8)
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o755], ofItemAtPath: path)
    return path
  }

  static func send(_ line: String, timeoutMilliseconds: Int = 10_000) async throws -> MailOutcome {
    let command = try MailCommand(
      line: line, sender: "assay@acme.eu", timeoutMilliseconds: timeoutMilliseconds)
    return await command.send(mail)
  }

  @Test("it gets the message on its input and the recipient as its last argument")
  func message() async throws {
    let output = NSTemporaryDirectory() + "assay-mail-\(UUID().uuidString).out"
    let path = try Self.script("echo \"$@\" > \(output); cat >> \(output)")
    #expect(try await Self.send("\(path) -i --") == .sent)
    let text = try String(contentsOfFile: output, encoding: .utf8)
    #expect(text.hasPrefix("-i -- ada@vendor.eu\nFrom: assay@acme.eu\nTo: ada@vendor.eu\n"))
    #expect(text.hasSuffix("\n\nText\n"))
    #expect(text.contains("Message-ID: <inv_1.7@acme.eu>"))
  }

  @Test("a code other than 0 is a refusal, with what it said")
  func refusal() async throws {
    let path = try Self.script("echo no such user >&2; exit 67")
    let outcome = try await Self.send(path)
    #expect(outcome == .refused("\(path) ended with code 67: no such user"))
  }

  @Test("one that hangs is ended at the time limit, and its mail is uncertain")
  func timeout() async throws {
    let path = try Self.script("exec sleep 60")
    let outcome = try await Self.send(path, timeoutMilliseconds: 200)
    guard case .uncertain = outcome else {
      Issue.record("expected uncertain, got \(outcome)")
      return
    }
  }

  @Test("one that goes on in the background has taken the mail when it ends")
  func background() async throws {
    // It keeps what it has inherited but the three that a daemon closes.
    let path = try Self.script("sleep 60 < /dev/null > /dev/null 2>&1 & exit 0")
    let clock = ContinuousClock()
    let start = clock.now
    #expect(try await Self.send(path) == .sent)
    #expect(start.duration(to: clock.now) < .seconds(30))
  }

  @Test("one that hangs is ended with what it has started")
  func group() async throws {
    let file = NSTemporaryDirectory() + "assay-mail-\(UUID().uuidString).pid"
    let path = try Self.script("sleep 60 & echo $! > \(file); wait")
    _ = try await Self.send(path, timeoutMilliseconds: 2_000)
    let text = try String(contentsOfFile: file, encoding: .utf8)
    let child = try #require(pid_t(text.trimmingCharacters(in: .whitespacesAndNewlines)))
    // It is init's then, which reaps it soon.
    let isGone = { kill(child, 0) != 0 || Self.isZombie(child) }
    for _ in 0..<200 where !isGone() { try await Task.sleep(for: .milliseconds(10)) }
    #expect(isGone())
  }

  private static func isZombie(_ process: pid_t) -> Bool {
    let text = (try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)) ?? ""
    return text.isEmpty || text.contains(") Z ")
  }

  @Test("what ends one by a signal leaves its mail uncertain")
  func signal() async throws {
    let path = try Self.script("kill -9 $$")
    #expect(try await Self.send(path) == .uncertain("\(path) was ended by signal 9"))
  }

  @Test("it gets no descriptor of the service, no blocked and no ignored signal")
  func inheritance() async throws {
    let output = NSTemporaryDirectory() + "assay-mail-\(UUID().uuidString).out"
    let path = try Self.script(
      "ls /proc/$$/fd > \(output); grep -E 'SigBlk|SigIgn' /proc/$$/status >> \(output)")
    #expect(try await Self.send(path) == .sent)
    let lines = try String(contentsOfFile: output, encoding: .utf8).split(separator: "\n")
    let descriptors = lines.compactMap { Int($0) }
    // The shell's own begin at 10.
    #expect(descriptors.filter { $0 < 10 }.sorted() == [0, 1, 2])
    // Signals 32 and 33 are the C library's own.
    let sets = lines.suffix(2).compactMap { UInt64($0.suffix(16), radix: 16) }
    #expect(sets.map { $0 & 0x7FFF_FFFF } == [0, 0])
  }

  @Test("one that is not there is told at the start")
  func missing() {
    for line in ["", "sendmail", "/nowhere/sendmail -i"] {
      #expect(throws: ServiceFailure.self) {
        try MailCommand(line: line, sender: "assay@acme.eu", timeoutMilliseconds: 1)
      }
    }
  }
}
