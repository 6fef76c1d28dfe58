import CatalogDomain
import Crypto
import Foundation
import ServiceKit

#if canImport(Glibc)
  import Glibc
#endif

/// A sendmail-compatible program: the message on its standard input, recipients as arguments,
/// exit code 0 once it has taken the mail.
public struct MailCommand: Sendable {
  private let program: String
  private let arguments: [String]
  private let sender: String
  private let timeoutMilliseconds: Int
  private let clock: WallClock

  /// A command line, split at spaces: no shell reads it.
  ///
  /// Throws `ServiceFailure` if its program is not there.
  public init(
    line: String, sender: String, timeoutMilliseconds: Int, clock: WallClock = .system
  ) throws {
    let words = line.split(separator: " ").map(String.init)
    guard let program = words.first, program.hasPrefix("/") else {
      throw ServiceFailure("--mail-command \"\(line)\": expected the full path of a program")
    }
    guard FileManager.default.isExecutableFile(atPath: program) else {
      throw ServiceFailure("--mail-command: \(program) is not an executable file")
    }
    guard let sender = MailAddress(sender) else {
      throw ServiceFailure("--mail-from: \"\(sender)\" is no e-mail address")
    }
    self.program = program
    arguments = Array(words.dropFirst())
    self.sender = sender.text
    self.timeoutMilliseconds = timeoutMilliseconds
    self.clock = clock
  }

  /// Hands one mail to the program, off the event loops.
  public func send(_ mail: OutgoingMail) async -> MailOutcome {
    let message = MailMessage.render(
      from: sender, to: mail.recipient, subject: mail.subject, body: mail.body, date: clock.now(),
      messageID: "\(mail.inviteID).\(mail.id)@\(sender.split(separator: "@").last ?? "assay")")
    do {
      return try await Work.run { run(message, to: mail.recipient) }
    } catch {
      return .refused("\(error)")
    }
  }

  private func run(_ message: String, to recipient: String) -> MailOutcome {
    // Files without names rather than pipes: a program that does not read, or that writes a lot,
    // blocks nobody.
    guard let input = UnnamedFile(), let output = UnnamedFile() else {
      return .refused("no temporary file: \(String(cString: strerror(errno)))")
    }
    guard input.write(message) else { return .refused("the temporary file cannot be written") }
    do {
      // The files live as long as their handles.
      let ending = try withExtendedLifetime((input, output)) {
        try ChildProgram(path: program, arguments: arguments + [recipient]).run(
          standardInput: input.handle.fileDescriptor,
          standardError: output.handle.fileDescriptor, timeoutMilliseconds: timeoutMilliseconds)
      }
      return outcome(of: ending, output)
    } catch {
      return .refused("\(program) cannot be started: \(error.localizedDescription)")
    }
  }

  private func outcome(of ending: ChildProgram.Ending, _ output: UnnamedFile) -> MailOutcome {
    switch ending {
    case .exited(0): return .sent
    case .exited(let code):
      let text = output.text(maximumBytes: 500)
      return .refused("\(program) ended with code \(code)" + (text.isEmpty ? "" : ": \(text)"))
    case .signalled(let signal):
      return .uncertain("\(program) was ended by signal \(signal)")
    case .unknown(let code):
      return .uncertain("\(program) was lost sight of: \(String(cString: strerror(code)))")
    case .timedOut:
      return .uncertain("\(program) did not end within \(timeoutMilliseconds) ms")
    }
  }
}

/// A temporary file that is gone when it is closed, even if the process dies before.
private struct UnnamedFile {
  let handle: FileHandle

  init?() {
    var template = Array("/tmp/assay-mail-XXXXXX".utf8CString)
    let made = mkstemp(&template)
    guard made >= 0 else { return nil }
    defer { close(made) }
    unlink(template)
    // Above the three that a program gets, whatever the service was started without.
    let descriptor = fcntl(made, F_DUPFD_CLOEXEC, 3)
    guard descriptor >= 0 else { return nil }
    handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
  }

  /// Writes a text and goes back to its start.
  func write(_ text: String) -> Bool {
    do {
      try handle.write(contentsOf: Data(text.utf8))
      try handle.seek(toOffset: 0)
      return true
    } catch {
      return false
    }
  }

  /// The first bytes as one line of text.
  func text(maximumBytes: Int) -> String {
    try? handle.seek(toOffset: 0)
    let data = (try? handle.read(upToCount: maximumBytes)) ?? Data()
    let text = String(decoding: data, as: UTF8.self)
    return text.split(whereSeparator: \.isNewline).joined(separator: "; ")
  }
}
