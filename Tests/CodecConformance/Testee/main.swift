import Codec
import CodecSchemas
import Glibc

// Driven over standard input and output, each message behind its length as a little-endian UInt32:
//
//   assay-codec-conformance                        protobuf's conformance protocol
//   assay-codec-conformance --random SEED COUNT    messages made here, sent and expected back
//
// See Tests/CodecConformance/README.md.

let arguments = CommandLine.arguments.dropFirst()
do {
  // Release 3.21 of the runner gives the program its own name as an argument.
  if arguments.isEmpty || Array(arguments) == [CommandLine.arguments[0]] {
    try Conformance.run()
  } else if arguments.count == 3, arguments.first == "--random",
    let seed = UInt64(arguments[2]), let count = Int(arguments[3])
  {
    try RandomExchange.run(seed: seed, count: count)
  } else {
    throw TesteeError.usage
  }
} catch {
  Pipe.complain("assay-codec-conformance: \(error)\n")
  exit(1)
}
