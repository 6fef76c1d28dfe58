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

  /// Writes a shell script and gives the command that runs it.
  ///
  /// Not the script itself: a program that another test starts meanwhile may still have it open
  /// for writing, and such a file cannot be executed.
  static func script(_ text: String) throws -> String {
    let path = NSTemporaryDirectory() + "assay-mail-\(UUID().uuidString)"
    try "\(text)\n".write(toFile: path, atomically: true, encoding: .utf8)
    return "/bin/sh \(path)"
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
    #expect(outcome == .refused("/bin/sh ended with code 67: no such user"))
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
    let path = try Self.script("sleep 60 > /dev/null 2>&1 & echo $! > \(file); wait")
    let outcome = try await Self.send(path, timeoutMilliseconds: 5_000)
    #expect(outcome == .uncertain("/bin/sh did not end within 5000 ms"))
    let text = try String(contentsOfFile: file, encoding: .utf8)
    let child = try #require(pid_t(text.trimmingCharacters(in: .whitespacesAndNewlines)))
    // It is init's then, which reaps it soon; of that nobody tells us, so we ask.
    let isGone = { kill(child, 0) != 0 || Self.isZombie(child) }
    for _ in 0..<1_000 where !isGone() { try await Task.sleep(for: .milliseconds(10)) }
    #expect(isGone())
  }

  private static func isZombie(_ process: pid_t) -> Bool {
    let text = (try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)) ?? ""
    return text.isEmpty || text.contains(") Z ")
  }

  @Test("what ends one by a signal leaves its mail uncertain")
  func signal() async throws {
    let path = try Self.script("kill -9 $$")
    #expect(try await Self.send(path) == .uncertain("/bin/sh was ended by signal 9"))
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
