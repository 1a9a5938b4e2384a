using System.Diagnostics;

namespace LifecycleManager.Testing;

/// <summary>Named pipes (FIFOs): whoever opens one waits for the other end.</summary>
public static class NamedPipe
{
    /// <summary>Makes one.</summary>
    public static void Make(string path)
    {
        using var process = Process.Start("mkfifo", [path]);
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }
}
