using System.Globalization;

namespace BrownField.Services;

/// <summary>A flight on one day, in the shape of BrownField airline's search service.</summary>
public sealed record Flight(
    int Id, string FlightNumber, string Origin, string Destination, string FlightDate, string Departure, Fares Fares,
    Inventory Inventory);

/// <summary>What one seat costs.</summary>
public sealed record Fares(decimal Fare, string Currency);

/// <summary>How many seats are left.</summary>
public sealed record Inventory(int Count);

/// <summary>A weekly timetable with fares and seats, the same in every instance, and an inverted index over it.</summary>
internal sealed class FlightCatalogue
{
    private static readonly (string Code, string City, double X, double Y)[] Airports =
    [
        ("NYC", "New York", 74, 41), ("SFO", "San Francisco", 122, 38), ("CHI", "Chicago", 88, 42),
        ("LAX", "Los Angeles", 118, 34),
        ("SEA", "Seattle", 122, 48), ("BOS", "Boston", 71, 42), ("MIA", "Miami", 80, 26), ("DFW", "Dallas", 97, 33),
        ("DEN", "Denver", 105, 40), ("ATL", "Atlanta", 84, 34), ("LON", "London", 0, 51), ("PAR", "Paris", -2, 49),
        ("FRA", "Frankfurt", -9, 50), ("MAD", "Madrid", 4, 40), ("DXB", "Dubai", -55, 25), ("SIN", "Singapore", -104, 1),
    ];

    private readonly List<Timetabled> _flights = [];
    private readonly Dictionary<string, int[]> _postings;

    public FlightCatalogue()
    {
        var random = new Random(2016);
        var postings = new Dictionary<string, List<int>>(StringComparer.Ordinal);
        foreach (var from in Airports)
            foreach (var to in Airports)
            {
                if (from == to) continue;
                var distance = Math.Sqrt(Math.Pow(from.X - to.X, 2) + Math.Pow(from.Y - to.Y, 2));
                for (var number = 0; number < 3; number++)
                {
                    var flight = new Timetabled(
                        $"BF{100 + _flights.Count}", from.Code, to.Code, new TimeOnly(random.Next(5, 23), random.Next(12) * 5),
                        Weekdays: random.Next(1, 128), BaseFare: Math.Round((decimal)(40 + (3 * distance) + random.Next(60)), 2),
                        Seats: random.Next(60, 240));
                    Index(postings, _flights.Count, flight, from.City, to.City);
                    _flights.Add(flight);
                }
            }

        _postings = postings.ToDictionary(entry => entry.Key, entry => entry.Value.ToArray());
    }

    /// <summary>The flights that every given criterion matches, cheapest first.</summary>
    /// <param name="origin">An airport's code, or null for any.</param>
    /// <param name="destination">An airport's code, or null for any.</param>
    /// <param name="date">The day of travel.</param>
    /// <param name="text">Words that the flight's cities or number have, or null.</param>
    /// <param name="limit">The most to return.</param>
    public Flight[] Find(string? origin, string? destination, DateOnly date, string? text, int limit)
    {
        var terms = new List<string> { Day(date.DayOfWeek) };
        if (!string.IsNullOrEmpty(origin)) terms.Add("from:" + Fold(origin));
        if (!string.IsNullOrEmpty(destination)) terms.Add("to:" + Fold(destination));
        terms.AddRange(Words(text));
        return [.. Intersect(terms).Select(id => Offer(id, date)).OrderBy(flight => flight.Fares.Fare).ThenBy(flight => flight.Id)
            .Take(limit)];
    }

    /// <summary>Walks the rarest term's postings and looks each up in the others'.</summary>
    private IEnumerable<int> Intersect(List<string> terms)
    {
        var lists = terms.Select(term => _postings.GetValueOrDefault(term) ?? []).OrderBy(list => list.Length).ToArray();
        return lists[0].Where(id => lists.Skip(1).All(list => Array.BinarySearch(list, id) >= 0));
    }

    /// <summary>A day's fare and seats follow from the flight and the date alone, so that every instance answers alike.</summary>
    private Flight Offer(int id, DateOnly date)
    {
        var flight = _flights[id];
        var dice = (uint)((id * 7919) + (date.DayNumber * 104729)) % 997;
        var fare = Math.Round(flight.BaseFare * (0.8m + (dice / 997m * 0.6m)), 2);
        return new Flight(id, flight.Number, flight.From, flight.To, date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
            flight.Departure.ToString("HH:mm", CultureInfo.InvariantCulture), new Fares(fare, "USD"),
            new Inventory((int)(dice % (uint)flight.Seats)));
    }

    private static void Index(Dictionary<string, List<int>> postings, int id, Timetabled flight, string fromCity, string toCity)
    {
        var terms = new HashSet<string>(StringComparer.Ordinal) { "from:" + Fold(flight.From), "to:" + Fold(flight.To),
            Fold(flight.Number) };
        terms.UnionWith(Words(fromCity));
        terms.UnionWith(Words(toCity));
        for (var day = DayOfWeek.Sunday; day <= DayOfWeek.Saturday; day++)
            if ((flight.Weekdays & (1 << (int)day)) != 0) terms.Add(Day(day));
        foreach (var term in terms)
        {
            if (!postings.TryGetValue(term, out var list)) postings[term] = list = [];
            list.Add(id);
        }
    }

    private static string Day(DayOfWeek day) => $"day:{(int)day}";

    private static string Fold(string text) => text.Trim().ToLowerInvariant();

    private static IEnumerable<string> Words(string? text) =>
        (text ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(Fold);

    /// <summary>A flight of the timetable; <paramref name="Weekdays"/> has one bit a day, Sunday first.</summary>
    private sealed record Timetabled(string Number, string From, string To, TimeOnly Departure, int Weekdays, decimal BaseFare,
        int Seats);
}
