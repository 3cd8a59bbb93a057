-- Which of these planets are larger than the Earth?
create table planet (name text primary key, radius_km real not null);
insert into planet values ('Mercury', 2439.7), ('Venus', 6051.8), ('Earth', 6371.0), ('Mars', 3389.5),
  ('Jupiter', 69911.0), ('Saturn', 58232.0), ('Uranus', 25362.0), ('Neptune', 24622.0);

.headers on
.mode column
.width 10 12
select name, round(radius_km / (select radius_km from planet where name = 'Earth'), 1) as times_earth
  from planet where times_earth > 1 order by times_earth desc;
