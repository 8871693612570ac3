/// Reading a small file whole.

import Glibc
import Machine

/// The bytes of the file at `path`.
func bytesOfFile(_ path: String) throws(FileFailure) -> [UInt8] {
  let descriptor = open(path, O_RDONLY | O_CLOEXEC)
  if descriptor < 0 { throw FileFailure("read", path) }
  defer { close(descriptor) }
  var information = stat()
  if fstat(descriptor, &information) != 0 { throw FileFailure("read", path) }
  if information.st_mode & S_IFMT == S_IFDIR { throw FileFailure("read", path, code: EISDIR) }
  var bytes = [UInt8](unsafeUninitializedCapacity: Int(information.st_size)) { buffer, count in
    while count < buffer.count {
      let part = read(descriptor, buffer.baseAddress.map { $0 + count }, buffer.count - count)
      if part <= 0 { return }
      count += part
    }
  }
  var block = [UInt8](repeating: 0, count: 1 << 16)
  while true {
    let count = read(descriptor, &block, block.count)
    if count < 0 {
      if errno == EINTR { continue }
      throw FileFailure("read", path)
    }
    if count == 0 { return bytes }
    bytes.append(contentsOf: block[..<count])
  }
}

/// Whether `path` is a folder.
func isFolder(_ path: String) -> Bool {
  var information = stat()
  return stat(path, &information) == 0 && information.st_mode & S_IFMT == S_IFDIR
}

/// Whether something is at `path`.
func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }
