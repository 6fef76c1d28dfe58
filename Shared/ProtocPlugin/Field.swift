/// A field of a message as generated code sees it.
struct Field {
  enum Shape {
    /// No presence: absent is the default.
    case plain(Element)
    /// `optional`, and singular messages that do not contain themselves.
    case optional(Element)
    /// A singular message that can contain itself and so lives on the heap.
    case boxed(Element)
    /// A member of a oneof: the property that holds it.
    case member(Element, oneof: String, isRecursive: Bool)
    case repeated(Element, isPacked: Bool)
    case map(key: Element, value: Element)
  }

  let shape: Shape
  /// Swift name without backticks.
  let name: String
  let fullName: String
  let descriptor: FieldDescriptor
  let comment: String?

  init(
    _ descriptor: FieldDescriptor, name: String, oneof: String?, message: String,
    types: TypeTable, comment: String?
  ) throws(GeneratorError) {
    self.descriptor = descriptor
    self.name = name
    self.comment = comment
    fullName = String(message.dropFirst()) + "." + descriptor.name
    let element = try Element(descriptor, types: types)
    if descriptor.isRepeated {
      let entry = types.messages[descriptor.typeName]?.descriptor
      if let entry, entry.isMapEntry, entry.fields.count == 2 {
        shape = .map(
          key: try Element(entry.fields[0], types: types),
          value: try Element(entry.fields[1], types: types))
      } else {
        shape = .repeated(
          element, isPacked: element.isPackable && descriptor.isPacked != false)
      }
      return
    }
    let isRecursive = element.isMessage && types.contains(descriptor.typeName, message)
    if let oneof {
      shape = .member(element, oneof: oneof, isRecursive: isRecursive)
    } else if isRecursive {
      shape = .boxed(element)
    } else if element.isMessage || descriptor.isProto3Optional {
      shape = .optional(element)
    } else {
      shape = .plain(element)
    }
  }

  var quotedName: String { Naming.quoted(name) }
  var property: String { "self.\(quotedName)" }

  /// The dictionary of a map.
  func entries(by key: Element) -> String { key.isText ? property + ".entries" : property }

  func tag(_ wireType: UInt32) -> UInt32 { UInt32(descriptor.number) << 3 | wireType }

  var tagSize: Int {
    switch descriptor.number {
    case ..<16: 1
    case ..<2048: 2
    case ..<262_144: 3
    case ..<33_554_432: 4
    default: 5
    }
  }

  /// Type and default of the property; nil for members of a oneof, which have none.
  var declaration: (type: String, initial: String)? {
    switch shape {
    case .plain(let element): (element.swiftType, element.defaultValue)
    case .optional(let element), .boxed(let element): (element.swiftType + "?", "nil")
    case .member: nil
    case .repeated(let element, _): ("[\(element.swiftType)]", "[]")
    case .map(let key, let value):
      key.isText
        ? ("StringMap<\(value.swiftType)>", "[:]")
        : ("[\(key.swiftType): \(value.swiftType)]", "[:]")
    }
  }
}
