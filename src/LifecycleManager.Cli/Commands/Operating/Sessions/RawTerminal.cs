using System.Runtime.InteropServices;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Cli.Commands.Operating.Sessions;

/// <summary>
/// The terminal before which somebody sits, as it is while another one is used through it: each key goes through as it is, and
/// nothing is shown or changed on its way. Disposed of, it is as it was.
/// </summary>
internal sealed unsafe partial class RawTerminal : IDisposable
{
    // More than any libc's struct termios.
    private const int OpaqueSize = 256;
    private const int AfterOutput = 1;
    private const int Input = 0;
    private readonly byte[] _before;

    private RawTerminal(byte[] before) => _before = before;

    /// <summary>Whether both ends are a terminal's.</summary>
    public static bool IsThere => !System.Console.IsInputRedirected && !System.Console.IsOutputRedirected;

    /// <summary>Its size; null where it is not to be had.</summary>
    public static TtyWindow? Size
    {
        get
        {
            try
            {
                return System.Console.IsOutputRedirected || System.Console.WindowHeight < 1 || System.Console.WindowWidth < 1
                    ? null : new TtyWindow(System.Console.WindowHeight, System.Console.WindowWidth);
            }
            catch (Exception e) when (e is IOException or PlatformNotSupportedException)
            {
                return null;
            }
        }
    }

    /// <summary>Has it pass on each key; null where standard input is no terminal.</summary>
    /// <exception cref="CliException">It is one of Windows, which has no such state.</exception>
    public static RawTerminal? Enter()
    {
        if (System.Console.IsInputRedirected) return null;
        if (OperatingSystem.IsWindows())
            throw new CliException("a terminal of Windows cannot be passed on: give the input by a pipe, or use WSL");
        var before = new byte[OpaqueSize];
        fixed (byte* state = before)
        {
            if (Get(Input, state) != 0) return null;
        }

        var raw = stackalloc byte[OpaqueSize];
        before.CopyTo(new Span<byte>(raw, OpaqueSize));
        MakeRaw(raw);
        return Set(Input, AfterOutput, raw) == 0 ? new RawTerminal(before) : null;
    }

    /// <inheritdoc />
    public void Dispose()
    {
        fixed (byte* state = _before) _ = Set(Input, AfterOutput, state);
    }

    [LibraryImport("libc", EntryPoint = "tcgetattr", SetLastError = true)]
    private static partial int Get(int descriptor, byte* state);

    [LibraryImport("libc", EntryPoint = "tcsetattr", SetLastError = true)]
    private static partial int Set(int descriptor, int when, byte* state);

    [LibraryImport("libc", EntryPoint = "cfmakeraw")]
    private static partial void MakeRaw(byte* state);
}
