import COpenSSL

/// Where randomness comes from; given as a parameter, so that tests can repeat a run.
public typealias RandomSource = @Sendable (_ count: Int) -> [UInt8]

/// OpenSSL's random generator, seeded by the kernel.
public enum SecureRandom {
  /// `count` unpredictable bytes.
  public static func bytes(_ count: Int) -> [UInt8] {
    precondition(count >= 0 && count <= Int(Int32.max))
    return [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      // fatalError: going on with predictable "random" bytes would give away every key made.
      guard count == 0 || RAND_bytes(buffer.baseAddress, Int32(count)) == 1 else {
        fatalError("the system's random source failed")
      }
      filled = count
    }
  }
}
