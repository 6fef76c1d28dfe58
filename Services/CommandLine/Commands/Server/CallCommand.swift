import Foundation
import RPC

/// `assay call`: any unary method with bytes, to look at an installation from the outside.
enum CallCommand {
  static let all = [call]

  private static let maxRequestBytes = 4 << 20

  static let call = Command(
    "call", "Call a unary method with bytes; for diagnosis",
    details: """
      Request and answer are protobuf messages as bytes: `protoc --encode` and `--decode` make and
      read them. Without --request the message is empty, which many methods take.
      """,
    arguments: [Argument("METHOD", "full name, such as assay.identity.v1.Identity.WhoAmI")],
    options: [
      Option("request", "FILE", "the request's bytes; - reads standard input"),
      Option("out", "FILE", "write the answer's bytes here, in place of printing them as hex"),
    ],
    examples: ["assay call assay.identity.v1.Identity.WhoAmI"]
  ) { call in
    let bytes: [UInt8]
    switch call.arguments["request"] {
    case nil: bytes = []
    case "-": bytes = try call.console.readInput()
    case let path?: bytes = try LocalFile.contents(path, limit: maxRequestBytes)
    }
    let answer = try await call.session.channel.rawUnary(
      MethodDescriptor(name: call.arguments.argument("METHOD")), bytes,
      options: call.session.callOptions)
    let hex = answer.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    let json = JSON.object(["bytes": String(answer.count), "hex": JSON.string(hex)])
    guard let path = call.arguments["out"] else { return Answer(text: hex, json: json) }
    do {
      try Data(answer).write(to: URL(fileURLWithPath: path), options: .atomic)
    } catch {
      throw CommandFailure("cannot write \(path): \(error.localizedDescription)")
    }
    return Answer(text: "\(answer.count) bytes written to \(path)", json: json)
  }
}
