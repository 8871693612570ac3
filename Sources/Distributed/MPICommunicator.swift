/// The processes of a job that mpirun or Slurm has started, through Open MPI.

#if MPI
import COpenMPI
import Glibc

/// All processes of the job.
///
/// Open MPI moves nothing by itself: transfers progress while one of them is tested. An error of the
/// library ends the job with its own message.
public final class MPICommunicator: Communicator {
  /// The number of this process.
  public let rank: Int
  /// The number of processes.
  public let size: Int

  /// Joins the job; once in a process.
  public init() {
    _ = openmpi_start()
    var value: Int32 = 0
    MPI_Comm_rank(openmpi_world(), &value)
    rank = Int(value)
    MPI_Comm_size(openmpi_world(), &value)
    size = Int(value)
  }

  /// Leaves the job, when all processes have come to this point.
  public func leave() {
    if openmpi_is_running() != 0 { MPI_Finalize() }
  }

  /// Starts to send bytes.
  public func send(_ bytes: UnsafeRawBufferPointer, to process: Int, tag: Int) -> any Transfer {
    let transfer = MPITransfer()
    openmpi_send(
      bytes.baseAddress, Int32(bytes.count), Int32(process), Int32(tag), openmpi_world(),
      &transfer.request)
    return transfer
  }

  /// Starts to receive bytes.
  public func receive(
    _ bytes: UnsafeMutableRawBufferPointer, from process: Int, tag: Int
  ) -> any Transfer {
    let transfer = MPITransfer()
    openmpi_receive(
      bytes.baseAddress, Int32(bytes.count), Int32(process), Int32(tag), openmpi_world(),
      &transfer.request)
    return transfer
  }

  /// Ends every process of the job.
  public func abandon(code: Int32) -> Never {
    if openmpi_is_running() != 0 { MPI_Abort(openmpi_world(), code) }
    exit(code)
  }

  /// "Open MPI v4.1.4", as the library says it.
  public static var version: String {
    var text = [CChar](repeating: 0, count: 1024)
    var length: Int32 = 0
    openmpi_version(&text, &length)
    let words = text.prefix(Int(length)).map { UInt8(bitPattern: $0) }
    return String(decoding: words.prefix { $0 != UInt8(ascii: ",") }, as: UTF8.self)
  }
}

/// A request of MPI.
private final class MPITransfer: Transfer {
  var request: MPI_Request?
  private var isDone = false

  func isComplete() -> Bool {
    if !isDone { isDone = openmpi_test(&request) != 0 }
    return isDone
  }
}
#endif
