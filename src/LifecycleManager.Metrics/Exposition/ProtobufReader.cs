using System.Buffers;
using System.Text;
using System.Text.Unicode;
using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Metrics.Core.Windows;

namespace LifecycleManager.Metrics.Exposition;

/// <summary>
/// Reads the samples of a protobuf exposition: <c>io.prometheus.client.MetricFamily</c> messages, each behind its length. It
/// gives the series that the text of the same metrics would give, and native histograms, which text cannot carry, under the
/// name of their family beside the series <c>_count</c> and <c>_sum</c>.
/// </summary>
/// <remarks>Help, units, exemplars and created times are passed over. Source: the format's public definition.</remarks>
/// <param name="body">The whole body.</param>
public sealed class ProtobufReader(ReadOnlyMemory<byte> body)
{
    private readonly List<MetricSample> _samples = [];
    private readonly ArrayBufferWriter<byte> _series = new(256);
    private ReadOnlyMemory<byte> _family;
    private ReadOnlyMemory<byte> _metric;
    private int _at;
    private int _familyAt;
    private int _sample = -1;
    private int _nameLength;
    private bool _hasLabels;
    private int _familyNameLength;
    private byte[] _familyName = [];
    private MetricType _type;
    private string? _problem;

    /// <summary>What identifies the series among those of this format.</summary>
    public ReadOnlySpan<byte> Series => Write().WrittenSpan;

    /// <summary>The series' name.</summary>
    public ReadOnlySpan<byte> Name => _series.WrittenSpan[.._nameLength];

    /// <summary>Its labels, for <see cref="LabelReader"/>.</summary>
    public ReadOnlySpan<byte> Labels => Write().WrittenSpan[(_nameLength + 1)..^1];

    /// <summary>The value; of a native histogram how many observations it has.</summary>
    public double Value => _samples[_sample].Value;

    /// <summary>The native histogram; null where the sample is a number.</summary>
    public NativeHistogram? Histogram => _samples[_sample].Histogram;

    /// <summary>
    /// What a native histogram has that keeps it from being read, so that only its count and sum are known; null for anything
    /// else.
    /// </summary>
    public string? Unreadable => _samples[_sample].Unreadable;

    /// <summary>Whether the sample is a native histogram, be it readable or not.</summary>
    public bool IsNative => Histogram is not null || Unreadable is not null;

    /// <summary>The sample's own time in milliseconds since 1970; null where it has none.</summary>
    public long? Timestamp { get; private set; }

    /// <summary>What is wrong, after <see cref="ExpositionToken.Error"/>.</summary>
    public string Error => _problem ?? "";

    /// <summary>Goes to the next sample.</summary>
    public ExpositionToken Read()
    {
        if (_problem is not null) return ExpositionToken.Error;
        try
        {
            while (++_sample >= _samples.Count)
            {
                if (!ReadMetric()) return ExpositionToken.End;
            }
        }
        catch (FormatException e)
        {
            _problem = $"the protobuf message that ends at byte {_at}: {e.Message}";
            return ExpositionToken.Error;
        }

        _series.ResetWrittenCount();
        _series.Write(_familyName.AsSpan(0, _familyNameLength));
        _series.Write(_samples[_sample].Ending);
        _nameLength = _series.WrittenCount;
        _hasLabels = false;
        return ExpositionToken.Sample;
    }

    // The samples of the next metric; false where there is none.
    private bool ReadMetric()
    {
        while (true)
        {
            while (_familyAt < _family.Length)
            {
                var family = new ProtobufWire(_family.Span[_familyAt..]);
                family.Read();
                _familyAt += family.Position;
                if (family.Field != 4) continue;
                _metric = _family.Slice(_familyAt - family.Bytes.Length, family.Bytes.Length);
                _samples.Clear();
                _sample = -1;
                Timestamp = ProtobufMetric.Read(_metric.Span, _type, _samples);
                return true;
            }

            if (_at == body.Length) return false;
            var rest = new ProtobufWire(body.Span[_at..]);
            var length = rest.ReadDelimited().Length;
            _family = body.Slice(_at + rest.Position - length, length);
            _at += rest.Position;
            _familyAt = 0;
            ReadFamily();
        }
    }

    // Its name and type; they may stand behind the metrics.
    private void ReadFamily()
    {
        (_familyNameLength, _type) = (0, MetricType.Counter);
        var family = new ProtobufWire(_family.Span);
        while (family.Read())
        {
            if (family.Field == 1)
            {
                var name = family.Bytes;
                if (name.Length > _familyName.Length) _familyName = new byte[name.Length * 2];
                name.CopyTo(_familyName);
                _familyNameLength = name.Length;
                if (!Utf8.IsValid(name)) throw new FormatException("the metric's name is not UTF-8");
            }
            else if (family.Field == 3)
            {
                _type = family.Number switch
                {
                    0 => MetricType.Counter,
                    1 => MetricType.Gauge,
                    2 => MetricType.Summary,
                    3 => MetricType.Unknown,
                    4 => MetricType.Histogram,
                    5 => MetricType.GaugeHistogram,
                    var unknown => throw new FormatException($"the metric type {unknown} is not known"),
                };
            }
        }

        if (_familyNameLength == 0) throw new FormatException("the metric has no name");
    }

    // The labels as text has them, all names in quotes, since any name may need them; only for those whom somebody asks for.
    private ArrayBufferWriter<byte> Write()
    {
        if (_hasLabels) return _series;
        _hasLabels = true;
        _series.Write("{"u8);
        var metric = new ProtobufWire(_metric.Span);
        while (metric.Read())
        {
            if (metric.Field != 1) continue;
            ReadOnlySpan<byte> name = default, value = default;
            var pair = new ProtobufWire(metric.Bytes);
            while (pair.Read())
            {
                if (pair.Field == 1) name = pair.Bytes;
                else if (pair.Field == 2) value = pair.Bytes;
            }

            WriteLabel(name, value);
        }

        var sample = _samples[_sample];
        if (sample.Label.Length > 0) WriteLabel(sample.Label, Encoding.ASCII.GetBytes(NumericLabel.Format(sample.Bound)));
        _series.Write("}"u8);
        return _series;
    }

    private void WriteLabel(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        if (_series.WrittenCount > _nameLength + 1) _series.Write(","u8);
        WriteQuoted(name);
        _series.Write("="u8);
        WriteQuoted(value);
    }

    private void WriteQuoted(ReadOnlySpan<byte> text)
    {
        _series.Write("\""u8);
        while (text.IndexOfAny((byte)'"', (byte)'\\', (byte)'\n') is var special and >= 0)
        {
            _series.Write(text[..special]);
            _series.Write(text[special] switch { (byte)'"' => "\\\""u8, (byte)'\\' => "\\\\"u8, _ => "\\n"u8 });
            text = text[(special + 1)..];
        }

        _series.Write(text);
        _series.Write("\""u8);
    }
}
