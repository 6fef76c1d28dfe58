import Foundation

/// The mail that tells somebody of an invite.
public struct InviteMail: Hashable, Sendable {
  public var inviteID: String
  public var recipient: String
  public var useCaseTitle: String
  public var organisation: String
  /// Unix milliseconds.
  public var expireTime: Int64

  public init(
    inviteID: String, recipient: String, useCaseTitle: String, organisation: String,
    expireTime: Int64
  ) {
    self.inviteID = inviteID
    self.recipient = recipient
    self.useCaseTitle = useCaseTitle
    self.organisation = organisation
    self.expireTime = expireTime
  }

  public var subject: String {
    useCaseTitle.isEmpty
      ? "\(organisation) invites you to a use case on Assay"
      : "\(organisation) invites you to \"\(useCaseTitle)\" on Assay"
  }

  public var body: String {
    """
    Hello,

    \(organisation) invites you to a use case on Assay\(useCaseTitle.isEmpty ? "." : ":")
    \(useCaseTitle.isEmpty ? "" : "\n    \(useCaseTitle)\n")
    To join, sign in to Assay as \(recipient), accept this invite and choose the name of
    your team:

        \(inviteID)

    The invite is good until \(UTCTime(expireTime)). If you did not expect it, do nothing.

    """
  }
}

/// A mail as it is handed to a sendmail-compatible command: headers, an empty line, the body.
public enum MailMessage {
  /// Renders a message of RFC 5322 with a UTF-8 body. Line ends are LF, as sendmail takes them.
  ///
  /// Addresses and subject are of one line: they were parsed, and titles have no line breaks.
  public static func render(
    from sender: String, to recipient: String, subject: String, body: String, date: Int64,
    messageID: String
  ) -> String {
    """
    From: \(sender)
    To: \(recipient)
    Subject: \(encodedWords(subject))
    Date: \(UTCTime(date).mailDate)
    Message-ID: <\(messageID)>
    Auto-Submitted: auto-generated
    MIME-Version: 1.0
    Content-Type: text/plain; charset=utf-8
    Content-Transfer-Encoding: 8bit

    \(body)
    """
  }

  /// RFC 2047: words of at most 75 characters, each whole UTF-8 characters in base 64.
  static func encodedWords(_ text: String) -> String {
    let isPlain = text.utf8.allSatisfy { (0x20..<0x7F).contains($0) } && !text.contains("=?")
    if isPlain { return text }
    var words: [String] = []
    var bytes: [UInt8] = []
    func flush() {
      guard !bytes.isEmpty else { return }
      words.append("=?UTF-8?B?\(Data(bytes).base64EncodedString())?=")
      bytes = []
    }
    for scalar in text.unicodeScalars {
      let next = Array(String(scalar).utf8)
      if bytes.count + next.count > 45 { flush() }
      bytes += next
    }
    flush()
    return words.joined(separator: "\n ")
  }
}
