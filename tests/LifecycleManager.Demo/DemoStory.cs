using System.Globalization;

namespace LifecycleManager.Demo;

/// <summary>Tells what happens, one event a line with the seconds since the start.</summary>
internal sealed class DemoStory(TextWriter output, TimeProvider time)
{
    private readonly long _begin = time.GetTimestamp();
    private readonly Lock _lock = new();

    public void Tell(string subject, string text)
    {
        var seconds = time.GetElapsedTime(_begin).TotalSeconds;
        lock (_lock)
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{seconds,6:0.0} s  {subject,-10}  {text}"));
    }
}
