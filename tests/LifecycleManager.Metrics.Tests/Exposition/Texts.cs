using System.Text;
using LifecycleManager.Metrics.Exposition;

namespace LifecycleManager.Metrics.Tests.Exposition;

/// <summary>A sample as tests compare it.</summary>
internal sealed record Read(string Series, double Value, long? Time = null);

internal static class Texts
{
    public static (List<Read> Samples, ExpositionError? Error) All(string text, ExpositionFormat format = ExpositionFormat.Text) =>
        All(Encoding.UTF8.GetBytes(text), format);

    public static (List<Read> Samples, ExpositionError? Error) All(byte[] text, ExpositionFormat format)
    {
        var samples = new List<Read>();
        var reader = new ExpositionReader(text, format);
        ExpositionToken token;
        while ((token = reader.Read()) == ExpositionToken.Sample)
        {
            var labels = new List<string>();
            var label = new LabelReader(reader.Labels);
            while (label.Read()) labels.Add($"{Encoding.UTF8.GetString(label.Name)}={label.Value}");
            var series = Encoding.UTF8.GetString(reader.Name) + (labels.Count > 0 ? $"{{{string.Join('|', labels)}}}" : "");
            samples.Add(new Read(series, reader.Value, reader.HasTimestamp ? reader.Timestamp : null));
        }

        return (samples, token == ExpositionToken.Error ? reader.Error : null);
    }
}
