import Identity
import RPC

/// Contexts for tests that call handlers directly.
public enum TestContext {
  /// The context of a call that `principal` makes, as after authorisation; of nobody's for nil.
  public static func make(
    principal: Principal?, method: MethodDescriptor = MethodDescriptor(name: "assay.test.T.T")
  ) -> ServerContext {
    .detached(method: method, attachment: Caller(principal: principal, signed: []))
  }
}
