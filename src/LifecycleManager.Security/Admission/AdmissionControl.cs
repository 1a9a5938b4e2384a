using System.Text;
using LifecycleManager.Runtime.Following;

namespace LifecycleManager.Security.Admission;

/// <summary>
/// The rules of admission that are in force. Those of a file follow it; while it cannot be read, the last good ones stay. For any
/// thread.
/// </summary>
public sealed class AdmissionControl
{
    private const int MaxFile = 1024 * 1024;

    private readonly AdmissionRules? _fixed;
    private readonly FollowedFiles<AdmissionRules>? _file;

    private AdmissionControl(AdmissionRules? rules, FollowedFiles<AdmissionRules>? file)
    {
        (_fixed, _file) = (rules, file);
        if (file is not null) file.Changed += () => Changed?.Invoke();
    }

    /// <summary>Raised after the rules have changed.</summary>
    public event Action? Changed;

    /// <summary>The rules in force.</summary>
    public AdmissionRules Rules => _file?.Current ?? _fixed!;

    /// <summary>The file that may change; null where there is none.</summary>
    public IFollowed? File => _file;

    /// <summary>Rules that do not change.</summary>
    public static AdmissionControl Of(AdmissionRules rules) => new(rules, null);

    /// <summary>The rules of a file.</summary>
    /// <exception cref="FormatException">It cannot be read, or is not what it should be.</exception>
    public static AdmissionControl OfFile(string path) => new(null, new FollowedFiles<AdmissionRules>(
        $"the admission file {path}", [path], files => AdmissionRules.Parse(Text(files[0])), maxFile: MaxFile));

    private static string Text(byte[] bytes)
    {
        using var reader = new StreamReader(new MemoryStream(bytes), Encoding.UTF8);
        return reader.ReadToEnd();
    }
}
