import Codec
import CodecSchemas
import RPC

/// How many handlers have begun and not returned.
///
/// `@unchecked Sendable`: libFuzzer runs everything on one thread.
final class HandlerCount: @unchecked Sendable {
  var running = 0
}

/// Handlers of all four kinds.
enum EchoRouter {
  static let unary = "fuzz.Echo.Unary"
  static let collect = "fuzz.Echo.Collect"
  static let expand = "fuzz.Echo.Expand"
  static let chat = "fuzz.Echo.Chat"
  static let methods = [unary, collect, expand, chat, "fuzz.Echo.Unknown", ""]

  static func router(counting count: HandlerCount) -> Router {
    var router = Router()
    router.unary(MethodDescriptor(name: unary)) { (request: KitchenScalars, _) in
      count.running += 1
      defer { count.running -= 1 }
      if request.aBool { throw RPCError(.invalidArgument, request.aString) }
      return request
    }
    router.clientStreaming(MethodDescriptor(name: collect, clientStreaming: true)) {
      (requests: MessageReader<KitchenScalars>, _) in
      count.running += 1
      defer { count.running -= 1 }
      var total = 0
      while let request = try await requests.next() { total += request.someBytes.count }
      return KitchenScalars(anInt64: Int64(total))
    }
    router.serverStreaming(MethodDescriptor(name: expand, serverStreaming: true)) {
      (request: KitchenScalars, responses: MessageWriter<KitchenScalars>, _) in
      count.running += 1
      defer { count.running -= 1 }
      let size = Int(request.aUint32 % 5_000)
      for _ in 0..<(request.aUint64 % 64) {
        try await responses.send(KitchenScalars(someBytes: [UInt8](repeating: 1, count: size)))
      }
    }
    router.bidirectional(
      MethodDescriptor(name: chat, clientStreaming: true, serverStreaming: true)
    ) {
      (
        requests: MessageReader<KitchenScalars>, responses: MessageWriter<KitchenScalars>, _
      ) in
      count.running += 1
      defer { count.running -= 1 }
      while let request = try await requests.next() { try await responses.send(request) }
    }
    return router
  }
}
