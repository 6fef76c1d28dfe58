import Foundation

// protoc starts this program, writes a CodeGeneratorRequest to it and reads the response back.
// Whatever is wrong with the schemas goes into the response, so that protoc prints it; a request
// that cannot even be read is the one failure that this program reports itself.

let input = [UInt8](FileHandle.standardInput.readDataToEndOfFile())

do {
  let request = try CodeGeneratorRequest(serialized: input)
  FileHandle.standardOutput.write(Data(Generator.response(to: request)))
} catch {
  let reason =
    "protoc-gen-assay-swift: standard input is no CodeGeneratorRequest: \(error). "
    + "protoc starts this program; see deploy/generate.\n"
  FileHandle.standardError.write(Data(reason.utf8))
  exit(1)
}
