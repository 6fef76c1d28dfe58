/// Every message and enum of a request, by full proto name with a leading dot.
struct TypeTable {
  struct MessageType {
    let swiftName: String
    let descriptor: MessageDescriptor
  }

  struct EnumType {
    let swiftName: String
    let descriptor: EnumDescriptor
  }

  private(set) var messages: [String: MessageType] = [:]
  private(set) var enums: [String: EnumType] = [:]

  init(_ files: [FileDescriptor]) {
    for file in files {
      let scope = file.package.isEmpty ? "" : "." + file.package
      let prefix = Naming.prefix(of: file)
      for message in file.messages { add(message, scope: scope, swiftScope: prefix) }
      for entry in file.enums { add(entry, scope: scope, swiftScope: prefix) }
    }
  }

  private mutating func add(_ message: MessageDescriptor, scope: String, swiftScope: String) {
    let name = scope + "." + message.name
    let swiftName = Self.join(swiftScope, message.name, suffix: "Message")
    messages[name] = MessageType(swiftName: swiftName, descriptor: message)
    for nested in message.messages { add(nested, scope: name, swiftScope: swiftName + ".") }
    for nested in message.enums { add(nested, scope: name, swiftScope: swiftName + ".") }
  }

  private mutating func add(_ entry: EnumDescriptor, scope: String, swiftScope: String) {
    let swiftName = Self.join(swiftScope, entry.name, suffix: "Enum")
    enums[scope + "." + entry.name] = EnumType(swiftName: swiftName, descriptor: entry)
  }

  /// A prefix makes any name harmless; a nested or unprefixed one may need a suffix.
  private static func join(_ scope: String, _ name: String, suffix: String) -> String {
    let needsCare = scope.isEmpty || scope.hasSuffix(".")
    return scope + (needsCare ? Naming.typeName(name, suffix: suffix) : name)
  }

  /// Whether a value of `message` can contain one of `target` without an array or map between,
  /// so that a plain struct would be infinitely large.
  func contains(_ message: String, _ target: String) -> Bool {
    var seen: Set<String> = []
    var pending = [message]
    while let name = pending.popLast() {
      if name == target { return true }
      guard seen.insert(name).inserted, let type = messages[name] else { continue }
      for field in type.descriptor.fields where field.type == .message && !field.isRepeated {
        pending.append(field.typeName)
      }
    }
    return false
  }
}
